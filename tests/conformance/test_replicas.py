"""However many replicas and processes share the batches: every task learns the same, and evaluates alike."""

import numpy as np
import pytest
import two_workers
from tiny_recipes import ONE_A_TASK, TINY

from zoo.training.strategies import strategy


@pytest.fixture(scope="module")
def workers(tmp_path_factory, addresses):
    """Two processes that train all tasks together; they begin while the tests before are running."""
    folder = tmp_path_factory.mktemp("workers")
    processes = two_workers.start(folder, addresses(2))
    yield folder, processes
    for process in processes:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def alone():
    """What one replica learns, by recipe."""
    return {}


def assert_same(one, two):
    """Holds that two ways of training have led to the same."""
    for a, b in zip(one["weights"], two["weights"], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    np.testing.assert_allclose(one["loss"], two["loss"], rtol=1e-5)
    assert len(two["told"]) >= 2
    assert {step: one["told"][step] for step in two["told"]} == pytest.approx(two["told"], rel=1e-5)
    assert one["scores"] == pytest.approx(two["scores"], rel=1e-5)


@pytest.mark.parametrize("tiny", ONE_A_TASK, ids=lambda tiny: tiny.recipe)
def test_two_replicas_train_as_one(workers, alone, tiny):
    alone[tiny.recipe] = two_workers.train(tiny, strategy("none"))
    two = strategy("mirrored")
    assert two.num_replicas_in_sync == 2
    assert_same(alone[tiny.recipe], two_workers.train(tiny, two))


@pytest.mark.parametrize("tiny", ONE_A_TASK, ids=lambda tiny: tiny.recipe)
def test_two_processes_train_as_one(workers, alone, tiny):
    folder, processes = workers
    for process in processes:
        assert process.wait(600) == 0, two_workers.said(folder)
    one = alone.get(tiny.recipe) or two_workers.train(tiny, strategy("none"))
    both = [two_workers.learnt(folder, worker, tiny.recipe) for worker in range(len(processes))]
    for learnt in both:
        assert_same(one, learnt)
    assert both[0]["told"] == both[1]["told"]  # so a callback that stops training by it stops every worker


def test_two_processes_move_the_rows_of_embeddings_that_occur_in_either(workers):
    folder, processes = workers
    for process in processes:
        assert process.wait(600) == 0, two_workers.said(folder)
    one = two_workers.train(TINY["lstm_imdb"], strategy("none"), **two_workers.LAZILY)
    for worker in range(len(processes)):
        learnt = two_workers.learnt(folder, worker, "lazily")
        np.testing.assert_allclose(one["loss"], learnt["loss"], rtol=1e-4)
        # The last bit of a gradient near 0 decides where Adam goes.
        near = [np.abs(a - b) < 1e-5 for a, b in zip(one["weights"], learnt["weights"], strict=True)]
        assert np.mean(np.concatenate([values.ravel() for values in near])) > 0.99
