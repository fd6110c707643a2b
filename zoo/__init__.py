"""The home of recurrent sequence models on Keras 3 and TensorFlow.

`import zoo` and `zoo.names()` are quick: TensorFlow is loaded by the first name that needs it.

Examples:
    >>> import zoo
    >>> model = zoo.get("lstm_ner", units=128)
    >>> model.fit(zoo.datasets.load("sample", split="train"), epochs=5)
    >>> model.predict(["Harry Potter and Hermione Granger invented a new spell."])
"""

from __future__ import annotations

import importlib
import os
from typing import TYPE_CHECKING, Any

# Keras chooses its backend when first imported, and every layer here is written for TensorFlow.
os.environ.setdefault("KERAS_BACKEND", "tensorflow")

from zoo import catalog as _catalog  # noqa: F401  (registers the recipes)
from zoo.registry import describe, get, names

if TYPE_CHECKING:
    from zoo.models.task import Task

__version__ = "0.1.0"
__all__ = ["cells", "datasets", "decoding", "describe", "get", "layers", "load", "metrics", "names"]

_LAZY_ROOMS = ("cells", "datasets", "decoding", "embeddings", "layers", "metrics", "serving", "showing", "training")


def load(path: str | os.PathLike[str]) -> Task:
    """Loads a model that `model.save(path)` wrote, ready to predict, evaluate and train on.

    Args:
        path: A `.keras` file.

    Raises:
        FileNotFoundError: There is no such file.
        ValueError: The file is not a whole `.keras` file of a zoo model.
    """
    return importlib.import_module("zoo.models.loading").load(path)


def __getattr__(name: str) -> Any:
    if name in _LAZY_ROOMS:
        return importlib.import_module(f"zoo.{name}")
    raise AttributeError(f"module 'zoo' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *_LAZY_ROOMS])
