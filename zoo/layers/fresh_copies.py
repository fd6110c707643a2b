"""Copies of layers that share nothing with their pattern, also while a model is being loaded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

# Not exported by Keras; `tests/layers/test_fresh_copies.py` fails when it changes.
from keras.src.backend.common import global_state

_MAPS = ("shared_objects/id_to_obj_map", "shared_objects/id_to_config_map")


@contextlib.contextmanager
def outside_object_sharing() -> Iterator[None]:
    """Suspends Keras' recognition of objects that occur twice in a file.

    While Keras loads a model it remembers objects by their address. A layer that copies another by serialising it makes
    temporary objects whose addresses are used again, so that now and then (once in some 500 loads) two copies are taken
    for one: a `Bidirectional` whose directions are the same layer.
    """
    saved = {name: global_state.get_global_attribute(name) for name in _MAPS}
    for name in _MAPS:
        global_state.set_global_attribute(name, None)
    try:
        yield
    finally:
        for name, value in saved.items():
            global_state.set_global_attribute(name, value)
