"""Bayes agents of both grid families: posteriors hold the truth, and the scale that they set."""

import numpy as np
import pytest
from bayes_play import Told, play, scores, tasks

import compworld
from compworld import few_shot_tasks, make_family, make_split
from compworld.bayes import bayes_agent
from compworld.bayes.motives import would_act_so
from compworld.families import trial_sizes
from compworld.families.samples import Samples

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
        ({"prior": "some"}, "unknown prior 'some'; allowed: 'all', 'trained'"),
        ({"policy": "bold"}, "unknown policy 'bold'; allowed"),
        ({"prior": "trained"}, "split is None; allowed"),
        ({"episodes": 0}, "episodes is 0; allowed: integers from 1"),
        ({"episodes": 1.5}, r"episodes is 1\.5; allowed: integers from 1"),
        ({"split": "random"}, "split is 'random'; allowed: a made one"),
        (
            {"split": compworld.make_split(make_family("goals").space)},
            "split is of 200 .* the same 48",
        ),
        ({"nodes": {}}, "option 'nodes' is not one of the agent of 'goals'; allowed: 'placements'"),
    ):
        with pytest.raises(ValueError, match=message):
            bayes_agent(family, **arguments)
    with pytest.raises(ValueError, match="unknown family 'teacher'"):
        bayes_agent(make_family("teacher"))
    with pytest.raises(ValueError, match="family is 'goals'; allowed: a made one"):
        bayes_agent("goals")
    with pytest.raises(ValueError, match="observation has rows -1 to -1; allowed: 0 to"):
        bayes_agent(family).read(np.full((2, family.rows), -1))
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


DEMONSTRATED = ("goals-small", "preferences-small", "goals", "preferences")


def demonstrated(name, world, which, tasks=48, episodes=None):
    """Family, split, and few-shot tasks of its own number of demonstrations."""
    family = make_family(name, world)
    split = make_split(family.space, world=world)
    shots = {"support_episodes": episodes, "query_episodes": 2}
    return family, split, next(few_shot_tasks(family, split, which, tasks=tasks, **shots))


def share_foreseen(agent, state, query):
    """Share of the expert's actions that are the best ones by an agent's values."""
    hits = []
    for step in range(query.valid_TN.shape[1]):
        values = agent.values(state, agent.read(query.rows_TNR[:, step]))
        hits.append((values.argmax(axis=1) == query.actions_TN[:, step])[query.valid_TN[:, step]])
    return np.concatenate(hits).mean()


@pytest.mark.parametrize("name", DEMONSTRATED)
@pytest.mark.parametrize("which", ["train", "held_out"])
def test_demonstrations_tell_an_exact_posterior_the_task(name, which):
    for world in range(2):
        family, split, batch = demonstrated(name, world, which)
        truth = family.combination_of(batch.weights_TM)
        shares = []
        for prior in ("all", "trained"):
            agent = bayes_agent(family, split, prior=prior, policy="greedy")
            state = agent.watch(batch.support)
            posterior = agent.posterior(state)
            np.testing.assert_allclose(posterior.sum(axis=1), 1, atol=1e-9)
            known = np.isin(truth, agent.combinations)
            assert known.all() == (prior == "all" or which == "train")
            places = np.searchsorted(agent.combinations, truth[known])
            assert (posterior[known, places] > 1e-3).all()
            shares.append(share_foreseen(agent, state, batch.query))
        assert shares[0] > 0.99
        assert shares[1] == pytest.approx(shares[0], abs=0.005) if which == "train" else shares[1] <= shares[0]


def test_who_remembers_trained_combinations_alone_is_misled_about_others():
    """On Preferences; on Goals the reward that ends a demonstration tells whoever looks what to do."""
    family, split, batch = demonstrated("preferences-small", 0, "held_out", tasks=128)
    agents = (bayes_agent(family, split, prior=prior, policy="greedy") for prior in ("all", "trained"))
    everything, memory = (share_foreseen(agent, agent.watch(batch.support), batch.query) for agent in agents)
    assert everything > memory + 0.02


def test_what_the_expert_leaves_alone_is_told_by_sampling_too():
    """Where nothing was collected, against a task drawn again and again until the expert does the same."""
    family, split, batch = demonstrated("preferences-small", 0, "train", tasks=400, episodes=2)
    nothing = np.flatnonzero((batch.support.rewards_TN == 0).all(axis=1))[:3]
    agent = bayes_agent(family, split, policy="greedy")
    posterior = agent.posterior(agent.watch(Samples(*(vars(batch.support)[name][nothing] for name in vars(batch.support)))))
    drawn = family.draw_weights(np.arange(20_000) * 7919, np.arange(len(family.space)))
    worth = drawn @ family.preferences
    for row, task in enumerate(nothing):
        same = would_act_so(agent, worth, batch.support[task : task + 1])
        expected = np.bincount(family.combination_of(drawn[same]), minlength=len(family.space)) / same.sum()
        assert same.sum() > 100
        assert np.abs(posterior[row] - expected).sum() / 2 < 0.15


def test_the_expert_would_act_as_it_did_for_the_true_values_and_for_no_others():
    family, split, batch = demonstrated("preferences-small", 1, "train", tasks=24)
    agent = bayes_agent(family, split, policy="greedy")
    for task in range(24):
        one = batch.support[task : task + 1]
        worth = batch.weights_TM[task] @ family.preferences
        agrees = would_act_so(agent, np.stack([worth, -worth, 2 * worth]), one)
        assert agrees.tolist() == [True, False, True]
