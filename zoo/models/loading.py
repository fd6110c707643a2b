"""Loading what `Task.save` wrote."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import textwrap
import zipfile
from pathlib import Path

import keras

from zoo import models
from zoo.models.task import Task

_LONGEST_REASON = 300  # characters


def load(path: str | os.PathLike[str]) -> Task:
    """Loads a model that `Task.save` wrote; see `zoo.load`."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; models are written by model.save(path)")
    broken = f"{path}: not a whole .keras file of a zoo model; it was cut short or is something else: save it again"
    # Keras finds registered classes only after their import; a file may name a module that has moved since.
    for module in pkgutil.walk_packages(models.__path__, f"{models.__name__}."):
        importlib.import_module(module.name)
    try:
        with zipfile.ZipFile(path) as archive:
            class_name = json.loads(archive.read("config.json"))["registered_name"] or "not a zoo model"
            damaged = archive.testzip()
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError, EOFError) as error:
        raise ValueError(f"{broken} ({error})") from error
    if damaged or not class_name.startswith("zoo>"):
        raise ValueError(f"{broken} ({damaged or class_name})")
    try:
        return keras.saving.load_model(path)
    except (ValueError, TypeError, KeyError, AttributeError, OSError) as error:
        reason = textwrap.shorten(str(error), _LONGEST_REASON, placeholder=" ...")  # Keras tells all of a configuration
        raise ValueError(f"{broken} ({reason})") from error
