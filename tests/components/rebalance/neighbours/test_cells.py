"""Cells of a large class: everybody asks once, and what is found is held against plain search."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from tfx_rebalance.components.rebalance.neighbours.cells import (
    COPIES,
    EXACT_TASKS,
    PAIRWISE,
    TREE,
    TREE_COLUMNS,
    UNEVEN,
    Sizes,
    Task,
    measured_recall,
    neighbours_of,
    tasks_of,
)
from tfx_rebalance.components.rebalance.neighbours.exact import NOBODY
from tfx_rebalance.components.rebalance.neighbours.space import Space
from tfx_rebalance.draws import keyed_draws

NUMBERS = ["noise", "grid", "heaps", "constant", "nothing", "outliers"]
CATEGORIES = ["categories", "mixed", "differences"]
SEEDS = st.integers(0, 2**32)


def numbers(numeric):
    return Space(numeric, np.empty((len(numeric), 0), dtype=np.int64))


def draws_for(space, seed=0):
    return keyed_draws(np.arange(len(space), dtype=np.uint64), seed=seed, purpose="cells")


@st.composite
def spaces(draw, smallest=0, largest=150):
    """Returns a class, most often one that is awkward to cut."""
    rng = np.random.default_rng(draw(SEEDS))
    rows, kind = draw(st.integers(smallest, largest)), draw(st.sampled_from(NUMBERS + CATEGORIES))
    noise = rng.normal(size=(rows, draw(st.sampled_from([1, 3, 20]))))
    numeric = {
        "grid": np.rint(noise),
        "heaps": noise * (rng.random((rows, 1)) < 0.2),
        "constant": np.ones_like(noise),
        "outliers": noise * 10.0 ** rng.integers(-3, 12, (rows, 1)),
        **dict.fromkeys(["nothing", "categories", "differences"], noise[:, :0]),
    }.get(kind, noise)
    if kind == "differences":
        tables = rng.random((2, 4, 4))
        even = tuple(table + table.T - 2 * np.diag(np.diag(table)) for table in tables)
        return Space(numeric, rng.integers(0, 4, (rows, 2)), differences=even)
    if kind in ("categories", "mixed"):
        return Space(numeric, rng.integers(-1, 4, (rows, 3)), 0.7)
    return numbers(numeric)


SIZES = st.builds(Sizes, cell=st.integers(1, 30), candidates=st.integers(1, 60))


def distances(space):
    """Returns the distances of all rows, infinite to themselves: the oracle."""
    squares = cdist(space.numeric, space.numeric, "sqeuclidean")
    for column, codes in enumerate(space.nominal.T):
        if space.differences:
            squares += space.differences[column][codes][:, codes] ** 2
        else:
            squares += space.mismatch * (codes[:, np.newaxis] != codes)
    np.fill_diagonal(squares, np.inf)
    return np.sqrt(squares)


def searched(space, tasks, k):
    return [neighbours_of(space, task, k) for task in tasks]


def table_of(space, tasks, k):
    table = np.full((len(space), k), -7)
    for task, found in zip(tasks, searched(space, tasks, k), strict=True):
        table[task.queries] = found
    return table


def assert_exact(space, tasks, k):
    """Asserts that each row's neighbours are its nearest, but for ties and rounding."""
    table, apart = table_of(space, tasks, k), distances(space)
    width = min(k, len(space) - 1)
    found = np.take_along_axis(apart, table[:, :width], axis=1)
    expected = np.sort(apart, axis=1)[:, :width]
    # scikit-learn takes distances from squares: half the digits of the largest number are lost.
    largest = np.abs(space.numeric).max(initial=1)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6 * largest)
    assert (table[:, width:] == NOBODY).all()


@given(space=spaces(), sizes=SIZES, limit=st.integers(0, 100), seed=SEEDS)
def test_every_row_asks_once_and_is_among_its_candidates(space, sizes, limit, seed):
    tasks = tasks_of(space, draws=draws_for(space, seed), exact_rows=limit, sizes=sizes)
    assert sorted(row for task in tasks for row in task.queries.tolist()) == [*range(len(space))]
    for task in tasks:
        assert (np.diff(task.queries, prepend=-1) > 0).all()
        assert (task.candidates is None) == (len(space) <= limit)
        if task.candidates is not None:
            assert task.candidates.dtype == task.queries.dtype == np.int64
            assert (np.diff(task.candidates) > 0).all()
            assert set(task.queries.tolist()) <= set(task.candidates.tolist())


@given(space=spaces(), sizes=SIZES)
def test_the_work_of_a_task_is_bounded(space, sizes):
    for task in tasks_of(space, draws=draws_for(space), exact_rows=0, sizes=sizes):
        assert 0 < len(task.queries) <= UNEVEN * max(sizes.cell, sizes.candidates // 8)
        assert len(np.setdiff1d(task.candidates, task.queries)) <= sizes.candidates


@given(space=spaces(smallest=1, largest=60), k=st.integers(1, 8))
def test_up_to_the_limit_the_search_is_exact(space, k):
    tasks = tasks_of(space, draws=draws_for(space), exact_rows=len(space))
    assert len(tasks) == min(EXACT_TASKS, len(space))
    assert_exact(space, tasks, k)


@given(space=spaces(smallest=1, largest=60), cell=st.integers(1, 30), k=st.integers(1, 8))
def test_it_is_exact_in_cells_that_are_compared_with_everybody(space, cell, k):
    sizes = Sizes(cell=cell, candidates=len(space))
    tasks = tasks_of(space, draws=draws_for(space), exact_rows=0, sizes=sizes)
    assert_exact(space, tasks, k)
    found = searched(space, tasks, k)
    assert measured_recall(space, tasks, found, k, draws=draws_for(space)) == 1


@given(space=spaces(), sizes=SIZES, k=st.integers(1, 8))
def test_neighbours_are_candidates_and_never_the_row_itself_nor_one_twice(space, sizes, k):
    for task in tasks_of(space, draws=draws_for(space), exact_rows=0, sizes=sizes):
        found = neighbours_of(space, task, k)
        assert found.shape == (len(task.queries), k)
        width = min(k, len(task.candidates) - 1)
        assert (found[:, width:] == NOBODY).all()
        for row, others in zip(task.queries, found[:, :width].tolist(), strict=True):
            assert len(set(others)) == width
            assert set(others) <= set(task.candidates.tolist()) - {row}


@given(space=spaces(smallest=1), sizes=SIZES, k=st.integers(1, 5), seed=SEEDS)
def test_the_measured_recall_is_that_of_a_plain_loop(space, sizes, k, seed):
    assume(np.abs(space.numeric).max(initial=0) < 1e3)  # Else rounding decides who is nearer.
    draws = draws_for(space, seed)
    tasks = tasks_of(space, draws=draws, exact_rows=0, sizes=sizes)
    found, apart, shares = table_of(space, tasks, k), distances(space), []
    for row, others in enumerate(found):
        farthest = np.sort(apart[row])[: min(k, len(space) - 1)]
        near = [apart[row, other] <= farthest[-1] + 1e-9 for other in others if other != NOBODY]
        shares += [sum(near) / len(farthest)] if len(farthest) else []
    parts = searched(space, tasks, k)
    measured = measured_recall(space, tasks, parts, k, draws=draws, sample=len(space))
    assert measured == pytest.approx(np.mean(shares) if shares else 1)


def test_recall_of_a_sample_is_near_that_of_all():
    space = numbers(np.random.default_rng(0).uniform(size=(3000, 20)))
    draws = draws_for(space)
    tasks = tasks_of(space, draws=draws, exact_rows=0, sizes=Sizes(cell=50, candidates=400))
    found = searched(space, tasks, 5)
    whole = measured_recall(space, tasks, found, 5, draws=draws, sample=len(space))
    part = measured_recall(space, tasks, found, 5, draws=draws, sample=1000)
    sigma = 0.5 / 1000**0.5  # A row's share is in [0, 1].
    assert whole < 0.95
    assert part == pytest.approx(whole, abs=4 * sigma)


def test_what_was_not_found_lowers_recall_and_ties_do_not():
    space = numbers(np.array([[0.0], [1.0], [-1.0], [5.0]]))
    tasks = [Task(np.arange(4), None)]
    for neighbours, recall in {(1, 0, 0, 1): 1, (2, 0, 0, 1): 1, (3, 0, 0, 1): 0.75}.items():
        found = [np.array(neighbours)[:, np.newaxis]]
        assert measured_recall(space, tasks, found, 1, draws=draws_for(space)) == recall
    nobody = [np.full((4, 1), NOBODY)]
    assert measured_recall(space, tasks, nobody, 1, draws=draws_for(space)) == 0


@pytest.mark.parametrize("columns", [4, 20])
def test_tasks_and_neighbours_do_not_depend_on_threads(columns):
    space = numbers(np.random.default_rng(0).normal(size=(4000, columns)).round(1))
    outcomes = []
    for threads in (1, 2):
        with threadpool_limits(limits=threads):
            sizes = Sizes(cell=100, candidates=500)
            tasks = tasks_of(space, draws=draws_for(space), exact_rows=0, sizes=sizes)
            lists = [(t.queries.tolist(), t.candidates.tolist()) for t in tasks]
            outcomes.append((lists, np.concatenate(searched(space, tasks[:5], 5)).tolist()))
    assert outcomes[0] == outcomes[1]


@pytest.mark.parametrize("kind", ["numbers", "categories"])
def test_neighbours_in_clusters_are_found(kind):
    rng = np.random.default_rng(0)
    cluster = rng.integers(0, 12, 1500)
    if kind == "numbers":
        space = numbers(20 * rng.normal(size=(12, 20))[cluster] + rng.normal(size=(1500, 20)))
    else:
        kinds, others = rng.integers(0, 9, (12, 10))[cluster], rng.integers(0, 9, (1500, 10))
        nominal = np.where(rng.random(kinds.shape) < 0.1, others, kinds)
        space = Space(np.empty((1500, 0)), nominal)
    tasks = tasks_of(space, draws=draws_for(space), exact_rows=0, sizes=Sizes(40, 250))
    found = searched(space, tasks, 5)
    assert measured_recall(space, tasks, found, 5, draws=draws_for(space)) > 0.95


def test_a_heap_of_equal_rows_hides_nobody():
    around = np.random.default_rng(0).uniform(-1, 1, (600, 2))
    space = numbers(np.concatenate([np.zeros((1000, 2)), around]))
    sizes = Sizes(cell=400, candidates=COPIES + 600)
    assert_exact(space, tasks_of(space, draws=draws_for(space), exact_rows=0, sizes=sizes), 5)


@pytest.mark.parametrize("limit", [0, 1])
def test_a_class_of_one_row_has_nobody(limit):
    space = numbers(np.zeros((1, 2)))
    tasks = tasks_of(space, draws=draws_for(space), exact_rows=limit)
    [found] = searched(space, tasks, 3)
    assert found.tolist() == [[NOBODY] * 3]
    assert measured_recall(space, tasks, [found], 3, draws=draws_for(space)) == 1


@pytest.mark.parametrize(
    ("columns", "categories", "sizes"),
    [(TREE_COLUMNS, 1, TREE), (TREE_COLUMNS + 1, 1, PAIRWISE), (TREE_COLUMNS, 2, PAIRWISE)],
)
def test_cells_are_large_only_where_a_tree_is_searched(columns, categories, sizes):
    rng, rows = np.random.default_rng(0), 2 * TREE.cell + 1
    space = Space(rng.normal(size=(rows, columns)), rng.integers(0, categories, (rows, 1)))
    cells = [
        [t.queries.tolist() for t in tasks_of(space, draws=draws_for(space), exact_rows=0, **given)]
        for given in ({}, {"sizes": sizes})
    ]
    assert cells[0] == cells[1]


def test_wrong_arguments_are_refused():
    space = numbers(np.zeros((3, 1)))
    with pytest.raises(ValueError, match="draws must be one per row, got 2 for 3 rows"):
        tasks_of(space, draws=draws_for(space)[:2])
    with pytest.raises(ValueError, match="sizes must be at least 1"):
        tasks_of(space, draws=draws_for(space), sizes=Sizes(0, 5))
    with pytest.raises(ValueError, match="k must be at least 1"):
        neighbours_of(space, Task(np.arange(3), None), 0)
