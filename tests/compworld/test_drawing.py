"""Pictures and text of an episode."""

import gymnasium as gym
import numpy as np
import pytest

from compworld.envs.drawing import _tile, caption_strip
from compworld.grid.objects import OBJECTS


@pytest.mark.parametrize("tile_size", [4, 8, 17, 32, 64])
def test_pictures_fit_their_tile_size(env_id, tile_size):
    env = gym.make(env_id, render_mode="rgb_array", tile_size=tile_size)
    env.reset(seed=0)
    picture = env.render()
    rows, columns = env.unwrapped.family.shape
    assert picture.dtype == np.uint8
    assert picture.shape[1:] == (columns * tile_size, 3)
    assert picture.shape[0] > rows * tile_size


def test_agent_and_objects_change_their_cells_only(env_id):
    env = gym.make(env_id, render_mode="rgb_array", tile_size=16).unwrapped
    env.reset(seed=0)
    rows, columns = env.family.shape

    def tiles():
        picture = env.render()[: rows * 16]
        return picture.reshape(rows, 16, columns, 16, 3).transpose(0, 2, 1, 3, 4)

    def differing(one, other):
        return {tuple(cell) for cell in np.argwhere((one != other).any(axis=(2, 3, 4))).tolist()}

    before, state = tiles(), env.get_state()
    occupied = {tuple(state["agent"]), *(tuple(item["cell"]) for item in state["objects"])}
    walls = env.family.walls[state["maze"]]
    open_cells = ~walls
    free = next(tuple(c) for c in np.argwhere(open_cells).tolist() if tuple(c) not in occupied)
    env.set_state({**state, "agent": list(free)})
    assert differing(before, tiles()) == {free, tuple(state["agent"])}
    env.set_state({**state, "facing": (state["facing"] + 1) % 4})
    assert differing(before, tiles()) == {tuple(state["agent"])}
    moved = env.get_state()
    moved["objects"][1] = {**moved["objects"][1], "cell": list(free)}
    env.set_state({**moved, "facing": state["facing"]})
    assert differing(before, tiles()) == {free, tuple(state["objects"][1]["cell"])}
    empty = next(tuple(c) for c in np.argwhere(~walls).tolist() if tuple(c) not in occupied | {free})
    wall = tuple(np.argwhere(walls)[0].tolist())
    assert (before[wall] != before[empty]).any()


def test_every_feature_looks_different():
    pictures = {_tile(content, None, 32).tobytes() for content in (*OBJECTS, "wall", None)}
    assert len(pictures) == 17
    assert len({_tile(None, facing, 32).tobytes() for facing in (0, 1, 2, 3, None)}) == 5


def test_pictures_are_the_callers_own(env_id):
    env = gym.make(env_id, render_mode="rgb_array", tile_size=8)
    env.reset(seed=0)
    first = env.render()
    kept = first.copy()
    first[:] = 0
    np.testing.assert_array_equal(env.render(), kept)


def test_caption_shows_the_progress(env_id):
    env = gym.make(env_id, render_mode="rgb_array", tile_size=16)
    env.reset(seed=0)
    height = env.unwrapped.family.shape[0] * 16
    before = env.render()[height:]
    env.step(1)
    after = env.render()[height:]
    assert before.any()
    assert before.shape == after.shape
    assert (before != after).any()


def test_captions_are_wrapped_to_the_width():
    narrow, wide = (caption_strip(["one two three four five six"], width, 100, 12) for width in (60, 600))
    assert narrow.shape == (100, 60, 3)
    assert wide.shape == (100, 600, 3)
    assert narrow.any(axis=(1, 2)).sum() > 2 * wide.any(axis=(1, 2)).sum()
    assert not narrow[:, -4:].any()


def test_no_text_changes_the_size_of_a_picture(env_id):
    """Not even tasks of a user's own, with the longest missions; the last line, the progress, is always there."""
    for tile_size in (4, 16, 32):
        env = gym.make(env_id, render_mode="rgb_array", tile_size=tile_size, episodes_per_trial=2).unwrapped
        env.reset(seed=0)
        rows, columns = env.family.shape
        shape = (rows + 3) * tile_size, columns * tile_size, 3
        for active in env.family.space.combinations[:: len(env.family.space) // 4]:
            env.reset(options={"task": env.family.task_of(np.where(active, 1.0 if env.family.space.factors else -987.6, 0.0))})
            before = env.render()
            assert before.shape == shape
            env.step(1)
            if tile_size > 8:
                assert (env.render()[rows * tile_size :] != before[rows * tile_size :]).any()


def test_long_captions_keep_their_last_line():
    lines = ["word " * 500, "the progress"]
    full, last = caption_strip(lines, 100, 40, 12), caption_strip(["", lines[1]], 100, 40, 6)
    assert full.shape == last.shape
    rows = np.flatnonzero(last.any(axis=(1, 2)))
    height = rows[-1] - rows[0] + 1
    ends = np.flatnonzero(full.any(axis=(1, 2)))[-1] + 1
    np.testing.assert_array_equal(full[ends - height : ends], last[rows[0] : rows[-1] + 1])


def test_text_shows_walls_agent_and_caption(env_id):
    env = gym.make(env_id, render_mode="ansi")
    _, info = env.reset(seed=0)
    text, state, family = env.render(), env.unwrapped.get_state(), env.unwrapped.family
    rows, columns = family.shape
    lines = text.split("\n")
    for row in range(rows):
        line = lines[row].ljust(3 * columns)
        for column in range(columns):
            symbol = line[3 * column : 3 * column + 2]
            if [row, column] == state["agent"]:
                assert symbol[0] == ">"
            else:
                assert (symbol == "##") == bool(family.walls[state["maze"], row, column])
    for item in state["objects"]:
        kind, color = OBJECTS[item["feature"]]
        row, column = item["cell"]
        assert lines[row][3 * column : 3 * column + 2] == color[0] + {"ball": "o", "key": "k", "box": "x"}[kind]
        assert f"{color} {kind}" in text
    assert family.mission(env.unwrapped.engine.state.weights_BM[0]) in text
    assert f"{info['split']}  step 0/{env.spec.max_episode_steps}  return 0.00" in text


def test_collected_objects_are_gone():
    env = gym.make("CompWorld-Preferences-v0", render_mode="ansi").unwrapped
    env.reset(seed=0)
    state = env.get_state()
    for item in state["objects"]:
        item["collected"] = True
    env.set_state(state)
    assert set("".join(env.render().split("\n")[:7])) <= set("#.> ")


def test_vector_environments_draw_every_environment(env_id):
    single = gym.make(env_id, render_mode="rgb_array", tile_size=8)
    vector = gym.make_vec(env_id, num_envs=3, render_mode="rgb_array", tile_size=8)
    vector.reset(seed=0)
    for index, picture in enumerate(vector.render()):
        single.reset(seed=index)
        np.testing.assert_array_equal(picture, single.render())
    text = gym.make_vec(env_id, num_envs=2, render_mode="ansi")
    text.reset(seed=0)
    assert all("##" in frame for frame in text.render())


def test_rendering_without_a_mode_warns(env_id):
    env = gym.make(env_id).unwrapped
    env.reset(seed=0)
    with pytest.warns(UserWarning, match="render_mode"):
        assert env.render() is None
