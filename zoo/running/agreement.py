"""What several workers make sure of before they learn anything: that they do the same work in the same place.

Otherwise they would wait for each other for ever, or learn nonsense. All workers must call these functions at the
same point of the program; where something is wrong all of them raise.
"""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from zoo.training import workers

_ITS_OWN = {"feature_cache"}  # what may be another thing for every worker
_MARK = ".shared-"  # begins the name of what the chief writes for the others to see
_SEEN_WITHIN = 30.0  # seconds; a volume of several machines may remember for a while that a folder was not there


def check_alike(strategy: tf.distribute.Strategy, asked: Mapping[str, Any]) -> None:
    """Makes sure that all workers were asked for the same.

    Args:
        strategy: The strategy of the training.
        asked: What this worker was asked for, by name. Paths may differ between machines, but not the sizes of files.

    Raises:
        ValueError: A worker was asked for something else.
    """
    mine = {name: _alike(value) for name, value in asked.items() if name not in _ITS_OWN}
    chiefs = workers.by_chief(strategy, lambda: mine)
    names = [name for name in sorted({*mine, *chiefs}) if mine.get(name) != chiefs.get(name)]
    if workers.any_says(strategy, bool(names))[0]:
        other = "; ".join(f"{name} is {mine.get(name)}, the chief's {chiefs.get(name)}" for name in names)
        raise ValueError(
            f"not all workers were started with the same flags and files: {other or 'see what the others say'}"
        )


def check_shared(strategy: tf.distribute.Strategy, folder: Path) -> None:
    """Makes sure that all workers see what the chief writes into a folder, which must be there for the chief.

    Args:
        strategy: The strategy of the training.
        folder: The working folder.

    Raises:
        ValueError: A worker sees another folder.
    """
    try:
        name = workers.by_chief(strategy, lambda: Path(tempfile.mkdtemp(prefix=_MARK, dir=folder)).name)
        check_folder(strategy, folder, _appears(folder / name), "what the chief writes there is not seen by all")
    finally:
        if workers.is_chief(strategy):
            for left in folder.glob(f"{_MARK}*"):
                left.rmdir()


def check_folder(strategy: tf.distribute.Strategy, folder: Path, same: bool, otherwise: str) -> None:
    """Raises in every worker if the working folder is another one for any of them.

    Args:
        strategy: The strategy of the training.
        folder: The working folder.
        same: Whether this worker sees in it what the chief sees.
        otherwise: What to say of it if not.

    Raises:
        ValueError: It is another one for a worker.
    """
    if workers.any_says(strategy, not same)[0]:
        raise ValueError(
            f"--workdir={folder} is not the same for all workers: it must be in a folder that they share ({otherwise})"
        )


def _alike(value: Any) -> str:
    """Returns what must be the same for all workers of what one was asked for: of a file its size, not its path."""
    if isinstance(value, (str, os.PathLike)) and os.path.exists(value):
        return "a folder" if os.path.isdir(value) else f"a file of {os.path.getsize(value)} bytes"
    return json.dumps(value, default=str)


def _appears(path: Path) -> bool:
    """Whether a path is there, or soon will be."""
    latest = time.monotonic() + _SEEN_WITHIN
    while not path.exists():
        if time.monotonic() >= latest:
            return False
        time.sleep(0.5)
        for folder in (path.parent.parent, path.parent):  # a listing is asked for anew, a single name may not be
            with contextlib.suppress(OSError):
                os.listdir(folder)
    return True
