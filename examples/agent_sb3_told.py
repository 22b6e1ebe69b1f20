"""Stable-Baselines3, told the task
================================

PPO of Stable-Baselines3, told the task: trained on some combinations, scored on others. About four minutes in full.

In full: ``python examples/agent_sb3_told.py 1500000``.
"""

import sys

try:
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.env_util import make_vec_env
except ImportError:
    print("skipped: pip install stable-baselines3")
    sys.exit()

import compworld

ENV_ID = "CompWorld-Preferences-Small-v0"
steps = int(sys.argv[1]) if len(sys.argv) > 1 else 2_000

train = make_vec_env(ENV_ID, n_envs=16, seed=0, env_kwargs={"told": True, "observation": "relative"})
torch.set_num_threads(1)
model = PPO(
    "MultiInputPolicy", train, n_steps=64, batch_size=256, n_epochs=4, learning_rate=1e-3, gamma=0.9, device="cpu", seed=0
)
model.learn(steps)
for split in ("train", "held_out"):
    print(compworld.evaluate(model, ENV_ID, track="told", world=0, split=split, observation="relative"))
