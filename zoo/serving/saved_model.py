"""Writing a SavedModel whole or not at all, as the next version of a model."""

from __future__ import annotations

import os
import platform
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

_SCRATCH = ".writing-"


def next_version(parent: str | os.PathLike[str]) -> int:
    """Returns the integer that follows the highest version in a model's folder; 1 where there is none."""
    parent = Path(parent)
    if not parent.is_dir():
        return 1
    return 1 + max((int(entry.name) for entry in parent.iterdir() if entry.name.isdecimal()), default=0)


def write_saved_model(
    parent: str | os.PathLike[str],
    signatures: Mapping[str, Any],
    assets: Mapping[str, str],
    tracked: Sequence[Any],
) -> Path:
    """Writes `parent/<next integer>/`, first under a temporary name, so that a server never sees half a model.

    Args:
        parent: The model's folder, as TensorFlow Serving's `--model_base_path` names it; made if missing.
        signatures: `tf.function`s with an input signature that return dictionaries of dense tensors, by name.
        assets: Text files to keep beside the graph, by file name.
        tracked: Modules, tables and Keras variables that the signatures use.

    Returns:
        The folder of the new version.

    Raises:
        NotADirectoryError: `parent` is a file.
        OSError: `parent` cannot be written.
    """
    parent = Path(parent)
    if parent.exists() and not parent.is_dir():
        raise NotADirectoryError(f"{parent} is a file; an export needs a folder for its versions: choose another name")
    try:
        parent.mkdir(parents=True, exist_ok=True)
        _remove_abandoned(parent)
        scratch = Path(tempfile.mkdtemp(prefix=f"{_SCRATCH}{platform.node()}-{os.getpid()}-", dir=parent))
    except OSError as error:
        raise OSError(f"{parent}: cannot be written ({error.strerror}); choose another folder") from error
    try:
        module = tf.Module()
        module.tracked = [v.value if isinstance(v, keras.Variable) else v for v in tracked]
        module.assets = [tf.saved_model.Asset(str(_written(scratch / name, text))) for name, text in assets.items()]
        tf.saved_model.save(module, str(scratch / "model"), signatures=dict(signatures))
        os.chmod(scratch / "model", 0o755)  # a temporary folder is its owner's alone; a server runs as somebody else
        version = parent / str(next_version(parent))
        os.rename(scratch / "model", version)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return version


def _remove_abandoned(parent: Path) -> None:
    """Removes what a process of this machine was writing when it was killed."""
    for folder in parent.glob(f"{_SCRATCH}{platform.node()}-*"):
        process = folder.name.removeprefix(f"{_SCRATCH}{platform.node()}-").partition("-")[0]
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            shutil.rmtree(folder, ignore_errors=True)
        except (ValueError, PermissionError):
            pass  # not ours, or alive


def _written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path
