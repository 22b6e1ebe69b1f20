"""Stable-Baselines3 on trials
===========================

RecurrentPPO of sb3-contrib on trials: it is not told the task and has to remember what it found out (RL²).

In full: ``python examples/agent_sb3_trials.py 1500000``.
"""

import sys

try:
    import torch
    from sb3_contrib import RecurrentPPO
    from stable_baselines3.common.env_util import make_vec_env
except ImportError:
    print("skipped: pip install sb3-contrib")
    sys.exit()

import compworld

ENV_ID = "CompWorld-Preferences-Small-v0"
steps = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000

train = make_vec_env(ENV_ID, n_envs=16, seed=0, env_kwargs={"episodes_per_trial": 4, "observation": "relative"})
torch.set_num_threads(1)
model = RecurrentPPO(
    "MultiInputLstmPolicy",
    train,
    n_steps=64,
    batch_size=256,
    n_epochs=2,
    gamma=0.95,
    device="cpu",
    seed=0,
    policy_kwargs={"lstm_hidden_size": 64},
)
model.learn(steps)
for split in ("train", "held_out"):
    print(compworld.evaluate(model, ENV_ID, track="rewarded", world=0, split=split, observation="relative"))
