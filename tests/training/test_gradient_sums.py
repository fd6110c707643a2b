"""Gradients of two replicas against sums by hand; between machines, which are pretended here, rows are sent."""

import numpy as np
import pytest
import tensorflow as tf

from zoo.training import gradient_sums
from zoo.training.gradient_sums import mean_over_replicas
from zoo.training.strategies import strategy

HEIGHT, OTHER_HEIGHT = 7, 5


@pytest.fixture(params=["one machine", "machines"])
def between_machines(request, monkeypatch):
    apart = request.param == "machines"
    monkeypatch.setattr(gradient_sums, "_between_machines", lambda context: apart)
    monkeypatch.setattr(gradient_sums, "_LARGE", 1)
    return apart


def slices(ids, height, seed, dtype=tf.float32):
    """A gradient of a table of two columns."""
    values = np.random.default_rng(seed).normal(size=(len(ids), 2))
    ids = tf.reshape(tf.constant(ids, tf.int64), [-1])
    return tf.IndexedSlices(tf.cast(tf.reshape(values, [-1, 2]), dtype), ids, tf.constant([height, 2]))


def means(ids, other_ids, weights, dtype=tf.float32, **options):
    """Returns what each of two replicas gets, and the gradients that each gave."""
    given = [
        [slices(ids[r], HEIGHT, r, dtype), tf.constant([[1.0, 2.0], [3.0, 4.0 + r]]),
         slices(other_ids[r], OTHER_HEIGHT, 10 + r), tf.constant(5.0 + r), tf.constant(weights[r])]
        for r in range(2)
    ]  # fmt: skip
    shapes = [tf.zeros([HEIGHT, 2]), tf.zeros([2, 2]), tf.zeros([3]), tf.zeros([OTHER_HEIGHT, 2]), tf.zeros([])]
    both = strategy("mirrored")
    tensors = [tf.nest.flatten(of_one, expand_composites=True) for of_one in given]
    handed_out = [
        both.experimental_distribute_values_from_function(
            lambda context, number=number: tensors[context.replica_id_in_sync_group][number]
        )
        for number in range(len(tensors[0]))
    ]

    def of_replica(*own):
        *gradients, weight = tf.nest.pack_sequence_as(given[0], own, expand_composites=True)
        gradients.insert(2, None)
        return mean_over_replicas(gradients, shapes, weight, **options)

    found, weight = tf.function(lambda: both.run(of_replica, args=handed_out), autograph=False)()
    assert [float(of(weight, r)) for r in range(2)] == [sum(weights)] * 2
    return [tf.nest.map_structure(lambda one, r=r: of(one, r), found) for r in range(2)], given


def of(value, replica):
    values = strategy("mirrored").experimental_local_results(value)
    return values[replica] if len(values) > 1 else values[0]


@pytest.mark.parametrize(
    ("ids", "other_ids", "weights"),
    [
        ([[1, 3, 1], [0, 3]], [[4], [2, 2]], (2.0, 3.0)),
        ([[1, 3, 1], []], [[], [2, 2]], (2.0, 1.0)),
        ([[5], [6, 6, 6]], [[0], [0]], (0.0, 4.0)),
        ([[], []], [[], []], (1.0, 1.0)),
        ([[1], [2]], [[], []], (0.0, 0.0)),
    ],
    ids=["rows in both", "no rows in one", "no weight in one", "no rows at all", "no weight at all"],
)
def test_all_replicas_get_the_mean_by_weight(between_machines, ids, other_ids, weights):
    each, given = means(ids, other_ids, weights)
    for number, place in ((0, 0), (1, 1), (3, 2), (4, 3)):
        dense = [tf.convert_to_tensor(gradients[place]).numpy() for gradients in given]
        wanted = (weights[0] * dense[0] + weights[1] * dense[1]) / max(sum(weights), 1e-9)
        for found in each:
            np.testing.assert_allclose(found[number].numpy(), wanted, atol=1e-6)
    assert [found[2] for found in each] == [None, None]


def test_rows_may_stay_rows_each_once(between_machines):
    each, given = means([[1, 3, 1], [0, 3]], [[4], [2, 2]], (2.0, 3.0), slices=True)
    for found in each:
        assert isinstance(found[0], tf.IndexedSlices) == between_machines
        if between_machines:
            assert sorted(found[0].indices.numpy()) == [0, 1, 3]
        dense = [tf.convert_to_tensor(gradients[0]).numpy() for gradients in given]
        np.testing.assert_allclose(tf.convert_to_tensor(found[0]), 0.4 * dense[0] + 0.6 * dense[1], atol=1e-6)


def test_gradients_of_16_bits_are_summed_in_32(between_machines):
    each, given = means([[1] * 300, [1]], [[0], [0]], (1.0, 1.0), dtype=tf.bfloat16)
    summed = [np.sum(tf.cast(gradients[0].values, tf.float32).numpy(), axis=0) for gradients in given]
    for found in each:
        assert found[0].dtype == tf.bfloat16
        if between_machines:  # else TensorFlow has summed this replica's rows
            wanted = tf.cast(tf.constant((summed[0] + summed[1]) / 2), tf.bfloat16)
            np.testing.assert_array_equal(found[0][1].numpy(), wanted.numpy())
