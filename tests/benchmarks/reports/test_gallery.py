"""The gallery: a film of each environment and track at its best, and those that the documentation shows."""

from pathlib import Path

import imageio.v3 as iio
import numpy as np
import pytest

from compworld import ENV_IDS
from compworld.benchmarks.reports import gallery
from compworld.benchmarks.reports.films import PAUSE_FRAMES
from compworld.benchmarks.reports.gallery import FILMS, render_gallery
from compworld.evaluation.play import TRACKS

SMALL = "CompWorld-Goals-Small-v0"
COMMITTED = Path(__file__).parents[3] / "docs" / "pictures" / "gallery"


def test_every_environment_and_track_is_in_the_documentation() -> None:
    assert set(FILMS) == set(TRACKS)
    names = {f"{env_id}_{track}.gif" for env_id in ENV_IDS for track in TRACKS}
    assert {path.name for path in COMMITTED.iterdir()} == names
    page = (COMMITTED.parents[1] / "gallery.md").read_text(encoding="utf-8")
    assert all(f"pictures/gallery/{name}" in page for name in names)
    assert sum(path.stat().st_size for path in COMMITTED.iterdir()) < 1_500_000


@pytest.mark.parametrize("track", FILMS)
def test_what_is_committed_is_what_the_command_films(track: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gallery, "ENV_IDS", {SMALL: ENV_IDS[SMALL]})
    monkeypatch.setattr(gallery, "FILMS", {track: FILMS[track]})
    paths = render_gallery(tmp_path)
    assert sorted(path.suffix for path in paths) == [".gif", ".mp4"]
    made, committed = (iio.imread(folder / f"{SMALL}_{track}.gif") for folder in (tmp_path, COMMITTED))
    assert made.shape == committed.shape
    assert np.abs(made.astype(int) - committed).mean() < 2  # palettes may be chosen in other ways
    assert made.shape[2] <= gallery.WIDTH
    assert len({frame.tobytes() for frame in made}) > PAUSE_FRAMES
