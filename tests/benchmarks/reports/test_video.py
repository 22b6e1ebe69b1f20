"""Videos: expert beside agents in the same episodes."""

from pathlib import Path

import imageio.v3 as iio
import pytest

from compworld.benchmarks import cli
from compworld.benchmarks.reports.inspection import inspect_run
from compworld.benchmarks.reports.video import PAUSE_FRAMES, render_video
from compworld.benchmarks.runs.run import run
from tests.benchmarks.conftest import tiny


def test_video_shows_expert_beside_agents(finished_runs: Path, tmp_path: Path) -> None:
    ids = [tiny(method).run_id for method in ("linear_hypernetwork", "anil")]
    cli.main(["video", "--run", *ids, "--runs", str(finished_runs), "--out", str(tmp_path / "film"), "--episodes", "2"])
    frames = iio.imread(tmp_path / "film.gif")
    assert frames.shape[2] == 3 * 7 * 32 + 2 * 8
    assert len(frames) > 8
    assert len({frame.tobytes() for frame in frames}) > 4
    assert (tmp_path / "film.mp4").stat().st_size > 1000


def test_agents_of_other_worlds_are_refused(tmp_path: Path) -> None:
    configs = [tiny("random"), tiny("random", support="disconnected")]
    for config in configs:
        run(config, tmp_path)
    with pytest.raises(ValueError, match="plays in another world than"):
        render_video(tmp_path, [config.run_id for config in configs], "held_out", 1, tmp_path / "film")


def test_a_learner_that_adapts_to_nothing_is_filmed_too(tmp_path: Path) -> None:
    for method in ("random", "told_hypernetwork"):
        config = tiny(method)
        run(config, tmp_path)
        for path in render_video(tmp_path, [config.run_id], "train", 1, tmp_path / method, 8):
            assert path.stat().st_size > 500


def test_a_trial_is_filmed_whole(tmp_path: Path) -> None:
    configs = [tiny(method) for method in ("gru", "bayes", "random_play")]
    for config in configs:
        run(config, tmp_path)
    ids = [config.run_id for config in configs]
    render_video(tmp_path, ids, "held_out", 1, tmp_path / "film", 8)
    frames = iio.imread(tmp_path / "film.gif")
    assert configs[0].trials is not None
    episodes, horizon = configs[0].trials.episodes, configs[0].sizes["horizon"]
    # Random play fills nearly all of its episodes; the end stays on the screen.
    assert (episodes - 1) * horizon < len(frames) <= episodes * horizon + 1 + PAUSE_FRAMES


def test_runs_of_other_tracks_are_refused(tmp_path: Path) -> None:
    for method in ("gru", "random"):
        run(tiny(method), tmp_path)
    with pytest.raises(ValueError, match="plays in another world than"):
        render_video(tmp_path, [tiny("random").run_id, tiny("gru").run_id], "held_out", 1, tmp_path / "film")
    with pytest.raises(ValueError, match="is on track 'rewarded'; allowed: runs on track 'shown'"):
        inspect_run(tmp_path, tiny("gru").run_id, tmp_path / "out")
