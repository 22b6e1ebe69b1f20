"""Honest entries are confirmed and ranked, inflated ones are not; and how often chance decides otherwise."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from compworld.benchmarks import cli
from compworld.benchmarks.leaderboard.entries import add_entries
from compworld.benchmarks.leaderboard.files import as_json, markdown
from compworld.benchmarks.leaderboard.sections import Section, sections_of
from compworld.benchmarks.runs.executors import Outcome
from compworld.benchmarks.runs.run import run
from compworld.benchmarks.submissions import comparison
from compworld.benchmarks.submissions.comparison import compare
from compworld.benchmarks.submissions.draws import drawn
from compworld.benchmarks.submissions.entry import read_entry
from compworld.benchmarks.submissions.failures import NotConfirmed
from compworld.benchmarks.submissions.recompute import FRESH, REPEATED, Recomputed, carry_out, jobs_of
from compworld.benchmarks.submissions.sandbox import Limits
from compworld.benchmarks.submissions.verified import read_verified
from compworld.benchmarks.submissions.verify import require_confirmed, verify
from tests.benchmarks.conftest import tiny
from tests.benchmarks.submissions.conftest import WORLDS, Make, change, inflate, needs_isolation

LEARNER = """
import torch
from compworld.agents import Fast, GradientLearner, InnerLoop


class Own(GradientLearner):
    def __init__(self, problem, steps):
        super().__init__(problem, InnerLoop(steps, 0.01, minibatch=1))
        self.bias = torch.nn.Parameter(torch.zeros(problem.outputs))

    def initial_fast(self, support):
        return {"bias": self.bias.expand(len(support), -1) * 1}

    def predict(self, fast, encoded):
        return fast["bias"][:, None].expand(-1, encoded.shape[1], -1)
"""


def excesses(compared: list[comparison.Compared], where: str) -> list[float]:
    return [one.excess.value for one in compared if one.excess is not None and where in one.where]


@needs_isolation
@pytest.mark.parametrize("method", ["told_hypernetwork", "own_of_tests:Own"])
def test_one_process_gives_the_scores_of_a_run(
    method: str, of_runs: Make, of_own_method: Callable[..., Path], tmp_path: Path
) -> None:
    """On the track on which evidence is sent and predictions come back; an own learner's minibatches are drawn there."""
    own = ":" in method
    folder = of_own_method(LEARNER, LEARNER, "no_adaptation", {"steps": 2}) if own else of_runs(method)
    entry = read_entry(folder)
    (job, *_) = jobs_of(entry, "salt", 3)
    (found,) = carry_out(job, entry.folder / "code", Limits(200, 4 * 2**30), protected=True)
    claim = entry.claims[0]
    assert (found.kind, found.world) == (REPEATED, claim.world)
    for which, scores in found.scores.items():
        assert set(scores) == set(claim.scores[which])
        for name, values in scores.items():
            np.testing.assert_allclose(values, claim.scores[which][name], rtol=1e-5, atol=1e-6, err_msg=name)


@needs_isolation
def test_what_was_trained_is_asked_again(of_runs: Make) -> None:
    folder = of_runs("gru", checkpoints=True)
    verified, compared = verify(folder, "salt", workers=2)
    assert verified.how == "re-evaluated"
    assert excesses(compared, "on the claimed tasks") == [0, 0]
    assert sorted(one.world for one in verified.worlds) == list(WORLDS)
    entry = read_entry(folder)
    fresh = {one.world: one.scores["held_out"]["episode_3"] for one in verified.worlds}
    claimed = {claim.world: claim.scores["held_out"]["episode_3"] for claim in entry.claims}
    assert all(fresh[world] != claimed[world] for world in WORLDS), "other episodes"
    (folder / "runs").joinpath(entry.claims[0].run.path.name, "learner.safetensors").write_bytes(b"x")  # type: ignore[union-attr]
    with pytest.raises(NotConfirmed, match=r"world 0: its process failed: ValueError: checkpoint .* is damaged"):
        verify(folder, "salt", workers=1)


def test_what_was_done_is_replayed(of_records: Make) -> None:
    """Nothing is run for that, and so nothing needs to be confined."""
    folder = of_records()
    verified, compared = verify(folder)
    assert (verified.how, verified.confirmed, verified.protected) == ("replayed", True, True)
    assert excesses(compared, "from the recorded actions") == [0, 0]

    def better(data: Any) -> None:
        data["episodes"]["returns"] = data["episodes"]["optimal"]

    change(folder / "records" / "world-1-held_out.json", better)
    verified, compared = verify(folder)
    (excess,) = (one.excess for one in compared if one.excess is not None and one.which == "held_out")
    assert excess.value == pytest.approx(1 / 3, abs=0.1)
    assert verified.confirmed, "one world of three is within what chance leaves room for"
    for world in WORLDS:
        change(folder / "records" / f"world-{world}-held_out.json", better)
    verified, compared = verify(folder)
    with pytest.raises(NotConfirmed, match=r"thrown \(replayed\) is inflated: episode 3, held out: claimed 1.000, recomputed"):
        require_confirmed(verified, compared)


@needs_isolation
def test_an_inflated_claim_is_refused_with_a_line_that_says_by_how_much(
    of_runs: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Trained again in the claimed worlds it scores as it did, to the last bit; fresh worlds follow from files and salt."""
    folder, note = of_runs("gru"), tmp_path / "note.md"
    inflate(folder, by=0.25)
    with pytest.raises(SystemExit) as ended:
        cli.main(["verify", str(folder), "--salt", "salt", "--markdown", str(note), "--workers", "2"])
    assert ended.value.code == 1
    said = capsys.readouterr()
    (line,) = said.err.splitlines()
    assert line.startswith("compworld: dice (retrained) is inflated: episode 3, held out: claimed 0.")
    assert ", recomputed in the claimed worlds " in line
    assert ": the claim is 0.250 [0.250, 0.250] too high" in line
    assert "the claim is 0.250" in note.read_text(encoding="utf-8")
    verified = read_verified(folder)
    assert (verified.how, verified.confirmed, verified.protected) == ("retrained", False, True)
    excesses = [one["excess"]["value"] for one in verified.compared if one["excess"] and "claimed" in one["where"]]
    assert excesses == pytest.approx([0, 0.25])
    assert [one.world for one in verified.worlds] == sorted(drawn(verified.tree_sha256, "salt", "world", n) for n in range(3))
    assert add_entries(tables(tmp_path), tmp_path) == ["Entry dice is not listed: it claims more than was recomputed."]


def tables(root: Path) -> list[Section]:
    """A table of one method, for entries on the track rewarded."""
    config = tiny("random_play")
    return sections_of([Outcome(config, run(config, root / "own"))])


def test_only_what_was_recomputed_has_a_row(of_records: Make, tmp_path: Path) -> None:
    folder = of_records()

    def listed() -> tuple[str, ...]:
        (section,) = sections = tables(tmp_path)
        lines = add_entries(sections, tmp_path)
        assert len(lines) == (len(section.rows) == 1)
        return tuple(lines) or tuple(section.rows)

    assert listed() == ("Entry thrown is not listed: it was not verified.",)
    verify(folder)
    assert listed() == ("random_play", "thrown (entry, replayed)")
    (section,) = sections = tables(tmp_path)
    add_entries(sections, tmp_path)
    row = section.rows["thrown (entry, replayed)"]
    claims = {claim.world: claim.scores for claim in read_entry(folder).claims}
    assert {result["world"]: result["scores"] for result in row.results.values()} == claims
    assert "| thrown (entry, replayed) | " in markdown(sections, [])
    assert as_json(sections, [])["rows"][1]["estimates"]["held_out/episode_3"]["value"] is not None
    kept = (folder / "verified.json").read_bytes()
    for spoil, problem in (
        (lambda data: data.update(compworld="0.0.1"), "it was verified with version '0.0.1' of CompWorld; allowed: "),
        (lambda data: data.update(tree_sha256="0" * 64), "its files changed after it was verified"),
        (lambda data: data.update(confirmed=False), "it claims more than was recomputed"),
        (lambda data: data.update(worlds=3), "verified.json is damaged or not one of ours (Expected `array`"),
        (
            lambda data: data.update(place={}),
            r"verified.json is damaged or not one of ours (Object missing required field `family`",
        ),
    ):
        change(folder / "verified.json", spoil)
        (line,) = listed()
        assert line.startswith("Entry thrown is not listed: ")
        assert problem in line
        (folder / "verified.json").write_bytes(kept)
    change(folder / "submission.json", lambda about: about.update(what="something else"))
    assert listed() == ("Entry thrown is not listed: its files changed after it was verified.",)


def test_the_command_submits_verifies_and_lists(of_records: Make, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = sorted(map(str, (of_records() / "records").glob("*.json")))
    out = tmp_path / "entries" / "again"
    named = ["--name", "again", "--by", "tests", "--what", "a test", "--out", str(out)]
    cli.main(["submit", *named, "--records", *records])
    assert f"{out}: replayed in 3 worlds" in capsys.readouterr().out.replace("\n", "")
    cli.main(["verify", str(out)])
    said = capsys.readouterr().out
    assert "again (replayed) is confirmed in 3 worlds" in said
    assert "from the recorded" in said


def test_runs_are_trained_again_with_as_many_threads(of_runs: Make) -> None:
    """Else sums have another order, and the claimed worlds other scores."""
    folder = of_runs()
    for path in folder.glob("runs/*/result.json"):
        change(path, lambda data: data.update(threads=2 + data["config"]["world"] * 10**6))
    jobs = jobs_of(read_entry(folder), "salt", 3)
    assert {job.config.world: job.threads for job in jobs if job.config.world in WORLDS} == {0: 2, 1: 64, 2: 64}
    assert [job.threads for job in jobs if job.config.world not in WORLDS] == [1, 1, 1]


def test_worlds_follow_from_files_and_salt() -> None:
    numbers = {drawn(sha, salt, purpose, index) for sha in "ab" for salt in "ab" for purpose in "ab" for index in range(100)}
    assert len(numbers) == 800
    assert 0 <= min(numbers) < 2**58 < 2**62 < max(numbers) < 2**63
    assert np.mean([number % 2 for number in numbers]) == pytest.approx(0.5, abs=0.1)


def simulated(rng: np.random.Generator, section: Section, claimed: int, fresh: int, inflated: float, noise: float) -> bool:
    """Whether a claim is refused: worlds differ by 0.1, and training the same anew (on another processor) by ``noise``."""

    def scores(values: np.ndarray) -> list[dict[str, Any]]:
        names, sets = ("episode_1", "episode_3"), ("fresh_episodes", "held_out")
        return [{which: {name: [float(value)] for name in names} for which in sets} for value in values]

    truth = 0.4 + 0.1 * rng.standard_normal(claimed)
    said = dict(enumerate(scores(truth + noise * rng.standard_normal(claimed) + inflated)))
    again = scores(truth + noise * rng.standard_normal(claimed))
    others = scores(0.4 + np.hypot(0.1, noise) * rng.standard_normal(fresh))
    found = [Recomputed(REPEATED, world, "", of_world) for world, of_world in enumerate(again)]
    found += [Recomputed(FRESH, 100 + world, "", of_world) for world, of_world in enumerate(others)]
    return any(one.inflated for one in compare(section, "retrained", said, found))


@pytest.mark.parametrize(("claimed", "fresh"), [(3, 3), (5, 5), (5, 12)])
def test_chance_refuses_few_honest_claims_and_lets_few_inflated_ones_pass(
    claimed: int, fresh: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (section,) = tables(tmp_path)
    monkeypatch.setattr("compworld.benchmarks.leaderboard.sections.Row.estimate", lambda *_: comparison.Estimate(0, 0, 0))
    rng, number = np.random.default_rng(0), 600

    def refused(inflated: float, noise: float) -> float:
        return float(np.mean([simulated(rng, section, claimed, fresh, inflated, noise) for _ in range(number)]))

    assert refused(0.0, 0.05) < 0.025 + 0.02
    assert refused(0.0, 0.0) < 0.025 + 0.02
    assert refused(0.1, 0.0) == 1, "made on the same machine, the claimed worlds give what was claimed"
    if claimed > 3:
        assert refused(0.2, 0.05) > 0.5
        assert refused(0.4, 0.05) > 0.99


def test_numbers_that_are_none_are_not_confirmed(tmp_path: Path) -> None:
    (section,) = tables(tmp_path)
    of_world = {which: {name: [0.5, 0.25] for name in ("episode_1", "episode_3")} for which in ("fresh_episodes", "held_out")}
    found = [Recomputed(REPEATED, world, "", of_world) for world in WORLDS]
    none = {**of_world, "held_out": {"episode_1": [0.5], "episode_3": [float("nan")]}}
    with pytest.raises(NotConfirmed, match="episode 3, held out is no number in some world"):
        compare(section, "retrained", {**dict.fromkeys(WORLDS, of_world), 1: none}, found)
    lacking = {**of_world, "held_out": {"episode_1": [0.5]}}
    with pytest.raises(NotConfirmed, match="episode 3, held out is missing in some world"):
        compare(section, "retrained", {**dict.fromkeys(WORLDS, of_world), 1: lacking}, found)
