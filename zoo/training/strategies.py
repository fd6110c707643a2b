"""Where a model's variables live and its steps run. The names are known without TensorFlow."""

from __future__ import annotations

import difflib
import functools
import json
import logging
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import tensorflow as tf

_LOG = logging.getLogger(__name__)

NAMES = ("none", "mirrored", "multi_worker", "tpu")


def strategy(name: str, *, logical_devices: int | None = None, tpu: str | None = None) -> tf.distribute.Strategy:
    """Returns the distribution strategy of that name; create and load models inside its `scope()`.

    Ask for it before anything else is done with TensorFlow: devices are set up once a process.

    Args:
        name: `none`: one device, a GPU if there is one. `mirrored`: all GPUs of this machine, or its logical CPUs.
            `multi_worker`: all devices of all workers that the environment variable `TF_CONFIG` names. `tpu`: all cores
            of a TPU.
        logical_devices: As how many devices this machine's CPU is to be seen, to try things out without GPUs.
        tpu: The TPU's name or address, for `tpu`; by default the one that the environment names, or this machine's.

    Raises:
        ValueError: An unknown name, a missing or malformed `TF_CONFIG`, or no TPU to be found.
        RuntimeError: TensorFlow has begun with other devices already.
    """
    import tensorflow as tf

    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ValueError(f"unknown strategy {name!r}: allowed are {', '.join(NAMES)}{hint}")
    if logical_devices is not None:
        _see_cpu_as(logical_devices)
    if name == "none":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        devices = tf.config.list_logical_devices("GPU") or tf.config.list_logical_devices("CPU")
        return _mirrored(tuple(device.name for device in devices))
    if name == "multi_worker":
        return _multi_worker(_checked_cluster(os.environ.get("TF_CONFIG")))
    return _tpu(tpu)


def addresses() -> list[str]:
    """Returns the workers that `TF_CONFIG` names; none where it is not set or is not as `strategy` wants it."""
    try:
        cluster = json.loads(os.environ.get("TF_CONFIG") or "{}").get("cluster", {})
        return [address for of_kind in cluster.values() for address in of_kind]
    except (ValueError, AttributeError, TypeError):
        return []


def _see_cpu_as(devices: int) -> None:
    import tensorflow as tf

    if devices < 1:
        raise ValueError(f"logical_devices is {devices}, but must be at least 1")
    cpu = tf.config.list_physical_devices("CPU")[0]
    asked = [tf.config.LogicalDeviceConfiguration()] * devices
    if len(tf.config.get_logical_device_configuration(cpu) or [None]) == devices:
        return
    try:
        tf.config.set_logical_device_configuration(cpu, asked)
    except RuntimeError as error:
        raise RuntimeError("logical_devices must be set before TensorFlow is used: ask for it first") from error


# One object a process: each new one numbers its collective operations from the same start, and TensorFlow's runtime
# then takes them for those of the one before, with "Shape mismatch in the collective instance".


@functools.cache
def _mirrored(devices: tuple[str, ...]) -> tf.distribute.Strategy:
    import tensorflow as tf

    return tf.distribute.MirroredStrategy(devices)


@functools.cache
def _multi_worker(cluster: str) -> tf.distribute.Strategy:
    import tensorflow as tf

    if len(workers := addresses()) > 1:
        _LOG.warning("training begins when all %d workers are there: %s", len(workers), ", ".join(workers))
    try:
        return tf.distribute.MultiWorkerMirroredStrategy()
    except RuntimeError as error:
        raise RuntimeError(f"multi_worker must be the first that is done with TensorFlow ({error})") from error
    except tf.errors.OpError as error:
        reason = str(error.message).splitlines()[0]
        raise RuntimeError(f"the workers of TF_CONFIG={cluster} did not find each other: {reason}") from error


@functools.cache
def _tpu(address: str | None) -> tf.distribute.Strategy:
    import tensorflow as tf

    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver(tpu=address or "")
        if resolver.master() not in ("", "local"):
            tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, KeyError, tf.errors.OpError) as error:
        told = f"named {address!r}" if address else "on this machine, and none in the environment (TPU_NAME)"
        reason = str(error).strip().splitlines()[0]
        raise ValueError(f"there is no TPU {told}: pass its name or address ({reason})") from error
    from zoo.training.tpu_strategy import StaticTPUStrategy

    return StaticTPUStrategy(resolver)


def _checked_cluster(text: str | None) -> str:
    """Returns TF_CONFIG, or says what is wrong with it: TensorFlow would wait for ever, or train alone."""
    example = '{"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": {"type": "worker", "index": 0}}'
    if not text:
        raise ValueError(f"multi_worker needs the environment variable TF_CONFIG, for example {example}")
    try:
        told = json.loads(text)
        cluster, task = told["cluster"], told["task"]
        kind, index = task["type"], int(task["index"])
        hosts = cluster[kind]
        kinds = set(cluster)
    except (ValueError, TypeError, KeyError) as error:
        raise ValueError(f"TF_CONFIG={text} is not like {example} ({type(error).__name__}: {error})") from error
    if not 0 <= index < len(hosts):
        raise ValueError(f"TF_CONFIG: task {kind} {index} is none of the cluster's {len(hosts)} ({', '.join(hosts)})")
    if kind not in ("worker", "chief") or not kinds <= {"worker", "chief"}:
        unknown = ", ".join(sorted((kinds | {kind}) - {"worker", "chief"}))
        raise ValueError(f"TF_CONFIG: multi_worker has tasks of type worker and chief, but not {unknown}")
    return text
