"""First steps
===========

The environments without any learner: a random agent, the expert, and many environments at once."""

import gymnasium as gym

import compworld  # registers the ids

# A task of a combination that is not trained, in words, and what every ``info`` holds.
env = gym.make("CompWorld-Goals-v0", world=0, split="held_out")
observation, info = env.reset(seed=0)
print(env.unwrapped.family.mission(env.unwrapped.engine.state.weights_BM[0]), info)

# %%
# An episode with the expert, who knows the task and the best action in every state.
total = 0.0
while True:
    observation, reward, terminated, truncated, info = env.step(env.unwrapped.expert_action())
    total += reward
    if terminated or truncated:
        break
print(f"the expert's return is {total}, success: {info['success']}")

# %%
# Many environments are one: environment ``i`` behaves as the single one seeded with seed + i.
envs = gym.make_vec("CompWorld-Preferences-v0", num_envs=1024)
observations, infos = envs.reset(seed=0)
for _ in range(10):
    observations, rewards, terminations, truncations, infos = envs.step(envs.action_space.sample())
print(f"{len(compworld.ENV_IDS)} ids; observations of 1,024 environments: {observations.shape}")

# sphinx_gallery_thumbnail_path = "generated/environments/CompWorld-Goals-v0.png"
