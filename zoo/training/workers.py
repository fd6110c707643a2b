"""What the processes of one training tell each other.

Under `MultiWorkerMirroredStrategy` every worker runs the same program on its own rows. One of them, the chief, writes
files. Whatever is said here is said by a sum over all replicas, so that no shared folder and no further port are
needed. With one process nothing is sent.

All workers must call these functions at the same point of the program, as they would wait for each other else.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf


def count(strategy: tf.distribute.Strategy) -> int:
    """Returns how many processes train together."""
    return strategy.extended._num_workers if _several(strategy) else 1


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Returns whether this process writes what is to be kept; exactly one of all does."""
    return not _several(strategy) or strategy.extended._is_chief


def any_says(strategy: tf.distribute.Strategy, *says: bool) -> tuple[bool, ...]:
    """Returns, for each question, whether the answer of any process is yes.

    Args:
        strategy: The strategy of the training.
        *says: This process's answers.
    """
    if not _several(strategy):
        return says
    return tuple(bool(total) for total in _sum(strategy, np.array(says, np.int32)))


def wait_for_all(strategy: tf.distribute.Strategy) -> None:
    """Returns when every process has come here."""
    any_says(strategy, False)


def from_chief(strategy: tf.distribute.Strategy, content: bytes | None) -> bytes:
    """Returns the chief's bytes to every process.

    Args:
        strategy: The strategy of the training.
        content: What is to be sent; of no effect but in the chief.
    """
    if not _several(strategy):
        return content
    mine = np.frombuffer(content if is_chief(strategy) else b"", np.uint8)
    size = int(_sum(strategy, np.array([mine.size], np.int32))[0]) // _local(strategy)
    if not size:
        return b""  # the sum of nothing ends the process with a segmentation fault
    sent = np.zeros([size], np.int32)
    sent[: mine.size] = mine
    return (_sum(strategy, sent) // _local(strategy)).astype(np.uint8).tobytes()


def by_chief(strategy: tf.distribute.Strategy, work: Callable[[], Any]) -> Any:
    """Returns in every process what the chief's call of a function returned; where that failed, all fail.

    Args:
        strategy: The strategy of the training.
        work: Returns what JSON can hold; called in the chief only.

    Raises:
        ValueError: The chief's call failed. In the chief it is its own error, of whatever kind.
    """
    if not _several(strategy):
        return work()
    told, error = None, None
    if is_chief(strategy):
        try:
            told = {"found": work()}
        except Exception as found:  # whatever it is, the others are waiting
            told, error = {"error": str(found)}, found
    told = json.loads(from_chief(strategy, json.dumps(told).encode()))
    if error is not None:
        raise error
    if "error" in told:
        raise ValueError(told["error"])
    return told["found"]


def _several(strategy: tf.distribute.Strategy) -> bool:
    # A cluster of one is a MirroredStrategy with another name: there is nobody to talk to.
    several = isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy)
    return several and strategy.extended._num_workers > 1


def _local(strategy: tf.distribute.Strategy) -> int:
    """Replicas of a worker: every one of them brings the worker's number, and so it is summed so many times."""
    return strategy.num_replicas_in_sync // count(strategy)


def _sum(strategy: tf.distribute.Strategy, numbers: np.ndarray) -> np.ndarray:
    return _summing(strategy)(tf.constant(numbers)).numpy()


@functools.cache
def _summing(strategy: tf.distribute.Strategy) -> Callable[[tf.Tensor], tf.Tensor]:
    """Returns the function that sums numbers, int32 [any], over all replicas; traced once, as that takes a while."""

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32)], autograph=False)
    def total(numbers: tf.Tensor) -> tf.Tensor:
        def of_replica(mine: tf.Tensor) -> tf.Tensor:
            mine = tf.identity(mine)  # on the replica's device: it is summed where it lies
            return tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, mine)

        return strategy.experimental_local_results(strategy.run(of_replica, args=(numbers,)))[0]

    return total
