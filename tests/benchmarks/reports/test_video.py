"""Videos: expert beside agents in the same episodes."""

from pathlib import Path

import imageio.v3 as iio
import pytest

from benchmarks import cli
from benchmarks.reports.video import render_video
from benchmarks.runs.run import run
from tests.benchmarks.conftest import tiny


def test_video_shows_expert_beside_agents(finished_runs: Path, tmp_path: Path) -> None:
    ids = [tiny(method).run_id for method in ("linear_hypernetwork", "anil")]
    cli.main(["video", "--run", *ids, "--runs", str(finished_runs), "--out", str(tmp_path / "film"), "--episodes", "2"])
    frames = iio.imread(tmp_path / "film.gif")
    assert frames.shape[2] == 3 * 7 * 32 + 2 * 8
    assert len(frames) > 8
    assert len({frame.tobytes() for frame in frames}) > 4
    assert (tmp_path / "film.mp4").stat().st_size > 1000


def test_agents_of_other_worlds_are_refused(finished_runs: Path, tmp_path: Path) -> None:
    other = tiny("random", support="disconnected")
    run(other, finished_runs)
    with pytest.raises(ValueError, match="plays in another world than"):
        render_video(finished_runs, [tiny().run_id, other.run_id], "held_out", 1, tmp_path / "film")


def test_a_learner_that_adapts_to_nothing_is_filmed_too(finished_runs: Path, tmp_path: Path) -> None:
    for method in ("random", "told_hypernetwork"):
        config = tiny(method)
        run(config, finished_runs)
        for path in render_video(finished_runs, [config.run_id], "train", 1, tmp_path / method, 8):
            assert path.stat().st_size > 500
