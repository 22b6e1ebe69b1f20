"""The environments without any learner: a random agent, the expert, and many environments at once."""

import gymnasium as gym

import compworld  # registers the ids

env = gym.make("CompWorld-Goals-v0", world=0, split="held_out")
observation, info = env.reset(seed=0)
print(env.unwrapped.family.mission(env.unwrapped.engine.state.weights_BM[0]), info)

total = 0.0
while True:
    observation, reward, terminated, truncated, info = env.step(env.unwrapped.expert_action())
    total += reward
    if terminated or truncated:
        break
print(f"the expert's return is {total}, success: {info['success']}")

envs = gym.make_vec("CompWorld-Preferences-v0", num_envs=1024)
observations, infos = envs.reset(seed=0)
for _ in range(10):
    observations, rewards, terminations, truncations, infos = envs.step(envs.action_space.sample())
print(f"{len(compworld.ENV_IDS)} ids; observations of 1,024 environments: {observations.shape}")
