"""The command ``export``. Nothing heavy is loaded before it runs."""

from pathlib import Path

from compworld.benchmarks.recipes.names import BehaviourName, FamilyName, FormatName, ObservationName, SplitName, SupportName
from compworld.benchmarks.recipes.numbers import Count, Seed


def export(
    family: FamilyName,
    format: FormatName,
    behaviour: BehaviourName = "expert",
    split: tuple[SplitName, ...] = ("train", "held_out"),
    number: Count = 100,
    observation: ObservationName = "symbolic",
    world: Seed = 0,
    support: SupportName = "random",
    seed: Seed = 0,
    out: Path = Path("data"),
) -> None:
    """Write episodes as data sets of Minari, or few-shot tasks as Parquet with a data card; needs the extra data.

    The same arguments write the same data; seeds and the hash of the split are in the metadata.

    Args:
        family: Whose tasks.
        format: minari (episodes of an environment, which the data set makes again) or parquet (support and query set of each
            task, for any reader of Parquet and for datasets of Hugging Face).
        behaviour: Who acts in the episodes: the expert, random actions, or mixed: a share of random actions, drawn for each
            episode.
        split: Of which combinations; each gets data of its own.
        number: How many episodes or tasks of each split.
        observation: Of episodes.
        world: Seed of mazes, preferences and split.
        support: Which combinations are trained.
        seed: Of tasks, starts and random actions.
        out: Folder of all data sets; Minari finds them with MINARI_DATASETS_PATH set to it.
    """
    from compworld.benchmarks.data.export import FORMATS
    from compworld.benchmarks.data.request import Request

    request = Request(family, behaviour, split, number, observation, world, support, seed)
    for path in FORMATS[format](request, out):
        print(path)
