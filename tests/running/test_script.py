"""How scripts begin and end, without running one."""

import errno
import logging
import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from zoo.running import script

RUNNING = [SimpleNamespace(workdir=Path("runs/mine"))]


@pytest.mark.parametrize(
    ("error", "place"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "runs/mine"),
        (OSError(errno.EDQUOT, "Disk quota exceeded", "saved/part/1.tmp"), "saved/part"),
        (RuntimeError("Can't write data (error message = 'No space left on device')"), "runs/mine"),
    ],
)
def test_a_full_disk_is_told_with_its_folder_and_what_to_do(error, place):
    told = script._full_disk(error, RUNNING)
    assert told.startswith(f"{place}: the disk is full; what was saved before is whole: free some space, and ")


def test_other_errors_are_none_of_the_disks():
    assert script._full_disk(OSError(errno.EACCES, "Permission denied"), RUNNING) is None
    assert script._full_disk(ValueError("units is 0"), []) is None


def test_what_is_less_than_an_error_is_a_note():
    line = script._Notes().format
    assert line(logging.LogRecord("a", logging.WARNING, "a.py", 1, "no %s", ("--valid",), None)) == "note: no --valid"
    assert line(logging.LogRecord("a", logging.ERROR, "a.py", 1, "gone", (), None)) == "error: gone"


@pytest.mark.parametrize("fails", [False, True])
def test_what_loading_writes_is_shown_only_if_it_fails(monkeypatch, capfd, fails):
    def load(name):
        os.write(2, b"drivers looked for\n")
        if fails:
            raise ImportError("no drivers")

    monkeypatch.delitem(sys.modules, "tensorflow", raising=False)
    monkeypatch.setattr(script, "importlib", SimpleNamespace(import_module=load))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    if fails:
        with pytest.raises(ImportError, match="no drivers"):
            script._load_tensorflow()
    else:
        script._load_tensorflow()
    os.write(2, b"after\n")
    assert capfd.readouterr().err == "drivers looked for\n" * fails + "after\n"


def test_tensorflows_advice_on_retracing_is_left_out(monkeypatch):
    log = logging.getLogger("tensorflow")
    monkeypatch.setattr(log, "filters", [])
    quiet = SimpleNamespace(WARNING=0, set_verbosity=lambda level: None, get_absl_handler=logging.NullHandler)
    monkeypatch.setattr(script, "logging", quiet)
    script._speak_plainly()
    advice = "5 out of the last 8 calls to <function> triggered tf.function retracing. Tracing is expensive"
    assert not log.filter(logging.LogRecord("tensorflow", logging.WARNING, "a.py", 1, advice, None, None))
    assert log.filter(logging.LogRecord("tensorflow", logging.WARNING, "a.py", 1, "a GPU was lost", None, None))
