"""Loading what `Task.save` wrote."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import zipfile
from pathlib import Path

import keras

from zoo import models
from zoo.models.task import Task


def load(path: str | os.PathLike[str]) -> Task:
    """Loads a model that `Task.save` wrote; see `zoo.load`."""
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such file; models are written by model.save(path)")
    broken = f"{path}: not a whole .keras file of a zoo model; it was cut short or is something else: save it again"
    for module in pkgutil.iter_modules(models.__path__):  # Keras finds registered classes only after their import
        importlib.import_module(f"{models.__name__}.{module.name}")
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
        raise ValueError(f"{broken} ({str(error).strip().splitlines()[0]})") from error
