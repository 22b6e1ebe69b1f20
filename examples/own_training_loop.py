"""A training loop of your own
===========================

Few-shot tasks in a training loop of your own, as NumPy arrays."""

import compworld
from compworld.fewshot import dense

# %%
# A family has combinations of modules; a split says which are trained.
family = compworld.make_family("preferences", world=0)
split = compworld.make_split(family.space, support="connected")
print(compworld.diagnose(split))

# %%
# Each batch has the expert's demonstrations of 16 tasks: a support set to adapt to, and a query set to be scored on.
batches = compworld.few_shot_tasks(family, split, "train", tasks=16, seed=0)
batch = next(batches)
observations = dense(family, batch.support.rows_TNR)
print(f"support set: observations {observations.shape}, action values {batch.support.action_values_TNA.shape}")
print(f"task 0: {family.mission(batch.weights_TM[0])}")

# sphinx_gallery_thumbnail_path = "generated/environments/preferences_connected.png"
