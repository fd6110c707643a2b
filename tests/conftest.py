"""What all tests share: workers beside each other, each a quiet TensorFlow with two CPUs.

Two, so that two replicas can be tried in one process. And two threads, whatever machine this is: the engine cuts
batches into as many parts, and there is another worker for every other core.
"""

import contextlib
import os
import socket
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["NO_COLOR"] = "1"

import pytest


def pytest_addoption(parser, pluginmanager):
    """Adds `--path`: the whole suite on one of the engine's ways, instead of the one it chooses."""
    parser.addoption("--path", choices=("chosen", "compiled", "plain"), default="chosen")
    if not pluginmanager.has_plugin("xdist"):  # with -p no:xdist: setup.cfg asks for these all the same
        for option in ("--numprocesses", "--maxprocesses", "--dist"):
            parser.addoption(option, help="without pytest-xdist of no effect")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config):
    """No workers for single files and tests: they would start for longer than most files run. Else as many as usual."""
    places = [config.invocation_params.dir / argument.partition("::")[0] for argument in config.args]
    return 0 if all(map(Path.is_file, places)) else None


def pytest_configure(config):
    """Sets TensorFlow up where tests run: before they are collected, as some make tensors when they are imported."""
    if config.getoption("tx", None) and not hasattr(config, "workerinput"):
        return  # the process that starts the workers, which begin the sooner for it

    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(2)
    tf.config.threading.set_inter_op_parallelism_threads(2)
    (cpu,) = tf.config.list_physical_devices("CPU")
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)


@pytest.fixture(autouse=True)
def _path(request):
    from zoo.engine import paths

    path = request.config.getoption("--path")
    with {"compiled": paths.compiled, "plain": paths.plain}.get(path, contextlib.nullcontext)():
        yield


@pytest.fixture(scope="session")
def addresses():
    """Finds addresses of this machine that nobody listens to, for workers that train together."""

    def free(count):
        sockets = [socket.socket() for _ in range(count)]
        for one in sockets:
            one.bind(("localhost", 0))
        found = [f"localhost:{one.getsockname()[1]}" for one in sockets]
        for one in sockets:
            one.close()
        return found

    return free
