"""Replicas get their batches without a question to other workers, and without TensorFlow's autotuner."""

import tensorflow as tf
from tensorflow.python.data.ops import iterator_ops

from zoo.training.replica_inputs import distributed, in_replicas
from zoo.training.replica_rows import for_replicas
from zoo.training.strategies import strategy


def batches_of(both):
    return distributed(both, lambda context: for_replicas(tf.data.Dataset.range(7).batch(4), context))


def test_every_replica_gets_its_part():
    both = strategy("mirrored")
    parts = [[part.numpy().tolist() for part in both.experimental_local_results(batch)] for batch in batches_of(both)]
    assert parts == [[[0, 1], [2, 3]], [[4], [5, 6]]]


def test_no_worker_is_asked_whether_it_has_a_batch():
    both = strategy("mirrored")
    usual = both.extended.experimental_enable_get_next_as_optional
    assert usual
    assert not iter(batches_of(both))._enable_get_next_as_optional
    assert both.extended.experimental_enable_get_next_as_optional == usual


def test_no_iterator_is_tuned(monkeypatch):
    tuned = []
    create = iterator_ops.OwnedIterator._create_iterator

    def watched(iterator, dataset):
        tuned.append(dataset.options().autotune.enabled)
        return create(iterator, dataset)

    monkeypatch.setattr(iterator_ops.OwnedIterator, "_create_iterator", watched)
    both = strategy("mirrored")
    iter(batches_of(both))
    assert tuned == [False, False]  # one on each device
    tuned.clear()
    iter(both.distribute_datasets_from_function(lambda _: tf.data.Dataset.range(2)))
    assert tuned == [None, None]  # the override is gone, and TensorFlow has not mended it


def test_a_worker_of_one_cpu_reads_its_batches_where_they_are_made():
    alone = tf.distribute.MirroredStrategy(["CPU:0"])
    iterator = iter(batches_of(alone))
    assert isinstance(iterator, tf.data.Iterator)  # and none of TensorFlow's for many devices
    assert [batch.numpy().tolist() for batch in iterator] == [[0, 1, 2, 3], [4, 5, 6]]


def test_only_strategies_with_replicas_have_them():
    assert in_replicas(strategy("mirrored"))
    assert not in_replicas(strategy("none"))
