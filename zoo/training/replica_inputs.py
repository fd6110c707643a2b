"""Batches for every replica, without what TensorFlow's way of handing them out costs a step and an epoch."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import tensorflow as tf
from tensorflow.python.data.ops import multi_device_iterator_ops
from tensorflow.python.distribute import input_lib

OfWorker = Callable[[tf.distribute.InputContext], tf.data.Dataset]


def in_replicas(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether a strategy runs steps in replicas, one or more, each of which is handed its part of a batch."""
    kinds = tf.distribute.MirroredStrategy, tf.distribute.MultiWorkerMirroredStrategy, tf.distribute.TPUStrategy
    return strategy.num_replicas_in_sync > 1 or isinstance(strategy, kinds)


def distributed(strategy: tf.distribute.Strategy, of_worker: OfWorker) -> tf.distribute.DistributedDataset:
    """Returns the batches that each worker prepares for its replicas.

    As `strategy.distribute_datasets_from_function`, but in every step TensorFlow asks all workers whether any has a
    batch still, and waits for their answers. Here all must have equally many, perhaps with no rows, as `for_replicas`
    cuts them: a worker with more than the others would wait for them for ever. And an epoch ends at once; see
    `_without_autotuner`. A worker of one replica on its CPU reads its batches where they were made.

    Args:
        strategy: The strategy of the training.
        of_worker: From what a worker is among all to its dataset, a part for each of its replicas in turn.
    """
    extended = strategy.extended
    asks = getattr(extended, "experimental_enable_get_next_as_optional", False)
    extended.experimental_enable_get_next_as_optional = False
    try:
        dataset = strategy.distribute_datasets_from_function(of_worker)
    finally:
        extended.experimental_enable_get_next_as_optional = asks
    dataset.__class__ = _HandedOut  # Keras takes no wrapper for a dataset
    return dataset


class _HandedOut(input_lib.DistributedDatasetsFromFunction):
    """A distributed dataset whose iterators cost no more than handing batches out must."""

    def __iter__(self) -> Iterator[Any]:
        devices = self._input_workers.compute_devices_for_worker(0)
        if len(devices) == 1 and tf.DeviceSpec.from_string(devices[0]).device_type == "CPU":
            return iter(self._datasets[0])  # the iterator of many devices would take 1 to 2 ms a step for nothing
        with _without_autotuner():
            return super().__iter__()


@contextmanager
def _without_autotuner() -> Iterator[None]:
    """Iterators that are made in this block hand batches to their devices without an autotuner.

    At every replica ends a small `tf.data` pipeline of TensorFlow's own. It takes no options from ours, so that the end
    of each epoch waits for its autotuner to wake, seconds (see `zoo.preprocessing.batching.streamed`).
    """
    before = multi_device_iterator_ops._create_device_dataset
    options = tf.data.Options()
    options.autotune.enabled = False

    def untuned(*args: Any) -> tf.data.Dataset:
        return before(*args).with_options(options)

    multi_device_iterator_ops._create_device_dataset = untuned
    try:
        yield
    finally:
        multi_device_iterator_ops._create_device_dataset = before
