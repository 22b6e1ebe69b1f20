"""Bayes agents of both grid families: posteriors hold the truth, and the scale that they set."""

import numpy as np
import pytest
from bayes_play import Told, play, scores, tasks

import compworld
from compworld import make_family, make_split
from compworld.bayes import bayes_agent
from compworld.families import trial_sizes

SMALL = [("goals-small", {"horizon": 12}, 3), ("preferences-small", {}, 4)]
BEST_MEMORISER = {"goals-small": {"placements": False}, "preferences-small": {}}


@pytest.mark.parametrize(("name", "sizes", "episodes"), SMALL)
@pytest.mark.parametrize("policy", ["greedy", "seeking"])
def test_posteriors_sum_to_one_and_always_hold_the_task(name, sizes, episodes, policy):
    for world in range(3):
        family = make_family(name, world, **sizes)
        agent = bayes_agent(family, policy=policy, episodes=episodes)
        streams, weights = tasks(family, np.arange(len(family.space)), 100, seed=world)
        truth = family.combination_of(weights)

        def watch(memory, trials, agent=agent, truth=truth):
            posterior = agent.posterior(memory)
            np.testing.assert_allclose(posterior.sum(axis=1), 1, atol=1e-9)
            assert (posterior[np.arange(len(trials)), truth[trials]] > 1e-9).all()

        play(family, agent, streams, weights, episodes, watch)


@pytest.mark.parametrize(("name", "sizes", "episodes"), SMALL)
def test_the_prior_over_all_is_not_behind_the_memoriser_and_the_told_optimum_is_one(name, sizes, episodes):
    family = make_family(name, **sizes)
    split = make_split(family.space)
    streams, weights = tasks(family, split.pool("held_out"), 128)
    np.testing.assert_allclose(scores(play(family, Told(family), streams, weights, episodes)), 1, atol=1e-9)
    for policy in ("greedy", "seeking"):
        results = [
            play(
                family,
                bayes_agent(family, split, prior=prior, policy=policy, episodes=episodes, **options),
                streams,
                weights,
                episodes,
            )
            for prior, options in (("all", {}), ("trained", BEST_MEMORISER[name]))
        ]
        gap = (results[0][0] - results[1][0]) / (results[0][2] - results[0][1]).mean(axis=0)
        assert (gap.mean(axis=0) + 1.96 * gap.std(axis=0) / np.sqrt(len(gap)) >= 0).all()
        assert scores(results[0])[1] > scores(results[1])[1]


def test_bad_arguments_are_named():
    family = make_family("goals-small")
    for arguments, message in (
        ({"prior": "some"}, "prior is 'some'; allowed: 'all', 'trained'"),
        ({"policy": "bold"}, "policy is 'bold'; allowed"),
        ({"prior": "trained"}, "split is None; allowed"),
        ({"episodes": 0}, "episodes is 0; allowed: at least 1"),
        ({"nodes": {}}, "option 'nodes' is not one of the agent of 'goals'; allowed: 'placements'"),
    ):
        with pytest.raises(ValueError, match=message):
            bayes_agent(family, **arguments)
    with pytest.raises(ValueError, match="family is 'teacher'"):
        bayes_agent(make_family("teacher"))
    with pytest.raises(ValueError, match=r"observation has shape \(3,\)"):
        bayes_agent(family).read(np.zeros(3, dtype=np.int64))


@pytest.mark.parametrize("name", ["Goals-Small", "Preferences-Small"])
def test_the_evaluation_of_anyones_agent_takes_them(name):
    env_id = f"CompWorld-{name}-v0"
    label = compworld.ENV_IDS[env_id]
    sizes = trial_sizes(label)
    family = make_family(label, horizon=sizes["horizon"])
    agent = bayes_agent(family, policy="seeking", episodes=sizes["episodes"])
    result = compworld.evaluate(agent, env_id, tasks=96, observation=agent.observation)
    score = result.played.returns.sum(axis=0) - result.played.random.sum(axis=0)
    score /= result.played.optimal.sum(axis=0) - result.played.random.sum(axis=0)
    assert score[-1] > 0.97
    assert score[-1] > score[0]
