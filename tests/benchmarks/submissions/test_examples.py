"""The entries that come with the project: an honest one, which is ranked, and an inflated one, which is kept elsewhere."""

from pathlib import Path

import pytest

from compworld.benchmarks.leaderboard.entries import ranked_entry
from compworld.benchmarks.submissions.entry import read_entry
from compworld.benchmarks.submissions.failures import NotConfirmed
from compworld.benchmarks.submissions.verify import require_confirmed, verify
from tests.benchmarks.submissions.conftest import copied, needs_isolation

ROOT = Path(__file__).parents[3]
ENTRIES = sorted(path.parent for path in (ROOT / "submissions").glob("*/submission.json"))
INFLATED = ROOT / "tests" / "data" / "submissions" / "inflated"


@pytest.mark.parametrize("folder", [*ENTRIES, INFLATED], ids=lambda folder: folder.name)
def test_examples_are_in_order(folder: Path) -> None:
    assert read_entry(folder).about.how == "retrained"


@pytest.mark.parametrize("folder", ENTRIES, ids=lambda folder: folder.name)
def test_what_is_ranked_was_confirmed_as_it_is(folder: Path) -> None:
    verified = ranked_entry(folder)
    assert not {world.world for world in verified.worlds} & set(read_entry(folder).about.worlds)


@needs_isolation
@pytest.mark.extras
@pytest.mark.parametrize("folder", ENTRIES, ids=lambda folder: folder.name)
def test_the_honest_ones_are_confirmed_again(folder: Path, tmp_path: Path) -> None:
    require_confirmed(*verify(copied(folder, tmp_path), "another salt"))


@needs_isolation
@pytest.mark.extras
def test_the_inflated_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(
        NotConfirmed, match=r"inflated \(retrained\) is inflated: episode 3, held out: claimed 0.376, recomputed"
    ):
        require_confirmed(*verify(copied(INFLATED, tmp_path), "another salt"))
