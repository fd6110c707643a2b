"""What all tests share: a quiet TensorFlow with two CPUs, so that two replicas can be tried in one process."""

import contextlib
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["NO_COLOR"] = "1"

import pytest
import tensorflow as tf

_CPU = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(_CPU, [tf.config.LogicalDeviceConfiguration()] * 2)


def pytest_addoption(parser):
    """Adds `--path`: the whole suite on one of the engine's ways, instead of the one it chooses."""
    parser.addoption("--path", choices=("chosen", "compiled", "plain"), default="chosen")


@pytest.fixture(autouse=True)
def _path(request):
    from zoo.engine import paths

    path = request.config.getoption("--path")
    with {"compiled": paths.compiled, "plain": paths.plain}.get(path, contextlib.nullcontext)():
        yield
