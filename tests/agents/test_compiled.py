"""Pieces of compiled code against what NumPy says: products, and the first layer's sums of rows."""

import numpy as np
import pytest

from compworld.agents.compiled.compiler import compiled
from compworld.agents.compiled.gemm import SMALL, gemm
from compworld.agents.compiled.projection import project, project_back

SHAPES = [(1, 1, 1), (3, 4, 5), (1, 7, 1), (5, 1, 130), (92, 64, 64), (32, 42, SMALL // 1000), (110, 200, 70)]
"""Rows, terms, columns: in one block, in several, and the last one too large for blocks."""


@compiled
def _run(left, right, beta, out):
    gemm(left, right, beta, out)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_gemm(shape: tuple[int, int, int], dtype: type) -> None:
    rng = np.random.default_rng(0)
    rows, terms, columns = shape
    for left_transposed in (False, True):
        for right_transposed in (False, True):
            left = _matrix(rng, rows, terms, dtype, left_transposed)
            right = _matrix(rng, terms, columns, dtype, right_transposed)
            before = rng.standard_normal((rows, columns)).astype(dtype)
            added, written = before.copy(), np.full_like(before, np.nan)
            _run(left, right, 1, added)
            _run(left, right, 0, written)
            tolerance = {"rtol": 0, "atol": 100 * np.finfo(dtype).eps * terms}
            np.testing.assert_allclose(written, left @ right, **tolerance)
            np.testing.assert_allclose(added, before + left @ right, **tolerance)


def _matrix(rng: np.random.Generator, rows: int, columns: int, dtype: type, transposed: bool) -> np.ndarray:
    shape = (columns, rows) if transposed else (rows, columns)
    matrix = rng.standard_normal(shape).astype(dtype)
    return matrix.T if transposed else matrix


def test_gemm_takes_columns_of_a_larger_matrix() -> None:
    rng = np.random.default_rng(0)
    left, right, out = rng.standard_normal((4, 3)), rng.standard_normal((3, 50)), np.zeros((4, 50))
    _run(left, right[:, 10:20], 1, out[:, 30:40])
    np.testing.assert_allclose(out[:, 30:40], left @ right[:, 10:20])
    assert not out[:, :30].any()
    assert not out[:, 40:].any()


def test_gemm_refuses_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match="shapes of a product that do not fit"):
        _run(np.ones((2, 3)), np.ones((4, 5)), 0, np.ones((2, 5)))
    with pytest.raises(ValueError, match="shapes of a product that do not fit"):
        _run(np.ones((2, 3)), np.ones((3, 5)), 0, np.ones((3, 5)))
    with pytest.raises(ValueError, match="the result of a product must have contiguous rows"):
        _run(np.ones((2, 3)), np.ones((3, 5)), 0, np.ones((5, 2)).T)


def test_gemm_is_for_compiled_code() -> None:
    with pytest.raises(NotImplementedError, match="compiled code"):
        gemm(np.eye(2), np.eye(2), 0, np.eye(2))


@pytest.mark.parametrize("seed", range(30))
def test_projections_are_sums_of_active_rows(seed: int) -> None:
    """Over episodes in which objects vanish one by one, none or several at once, and over rows in no order at all."""
    rng = np.random.default_rng(seed)
    table_rows, objects, templates, width = 12, 3, 2, 5
    nothing = table_rows - 1
    samples = []
    for _ in range(4):
        present = rng.integers(nothing, size=objects)
        for _ in range(rng.integers(1, 5)):
            samples.append([*present, rng.integers(nothing), rng.integers(nothing)])
            present = np.where(rng.random(objects) < 0.3, nothing, present)
        if seed % 3 == 0:
            samples.append(rng.integers(table_rows, size=objects + 2).tolist())
    rows = np.asarray(samples)
    active = np.zeros((len(rows), table_rows))
    np.add.at(active, (np.arange(len(rows))[:, None], rows), 1)

    table = rng.standard_normal((table_rows, templates * width))
    table[nothing] = 0
    projected = np.empty((templates, len(rows) * width))
    project(table, rows, projected, np.empty(templates * width))
    by_sample = projected.reshape(templates, len(rows), width).transpose(1, 0, 2).reshape(len(rows), -1)
    np.testing.assert_allclose(by_sample, active @ table, atol=1e-13)

    gradient = rng.standard_normal((templates, len(rows) * width))
    before = rng.standard_normal(table.shape)
    of_table = before.copy()
    project_back(gradient, rows, of_table, np.empty(templates * width))
    by_sample = gradient.reshape(templates, len(rows), width).transpose(1, 0, 2).reshape(len(rows), -1)
    expected = before + active.T @ by_sample
    np.testing.assert_allclose(of_table[:nothing], expected[:nothing], atol=1e-13)
