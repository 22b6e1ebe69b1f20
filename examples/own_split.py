"""A split of your own
===================

Which combinations are trained is a mask over them. Here two modules are each trained, but never together.
"""

import gymnasium as gym

import compworld

# %%
# In Goals a combination is a quadrant, an interaction, a maze and an object.
family = compworld.make_family("goals-small", world=0)
print(family.space.module_names)
north_west, pick_up = map(family.space.module_names.index, ("quadrant 0", "interaction 1"))

# %%
# Hold out every combination that has both of the modules, and train the others.
both = family.space.combinations[:, [north_west, pick_up]].all(axis=1)
split = compworld.Split(family.space, "apart", world=0, options={}, trained=~both, held_out=both)

# %%
# Does theory let it work? All modules are trained and hang together, and each held-out combination is one step away.
print(compworld.diagnose(split))

# %%
# Environments and few-shot tasks take it as it is. Its hash names exactly these combinations.
env = gym.make("CompWorld-Goals-Small-v0", support=split, split="held_out")
for seed in range(3):
    _, info = env.reset(seed=seed)
    print(env.unwrapped.family.mission(env.unwrapped.family.weights_of(info["task"])))
batch = next(compworld.few_shot_tasks(family, split, "held_out", tasks=8, seed=0))
print(f"{len(batch.weights_TM)} few-shot tasks of split {split.sha256[:12]}")

# sphinx_gallery_thumbnail_path = "generated/environments/goals-small_non_compositional.png"
