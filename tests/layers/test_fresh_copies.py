"""Copying layers never consults Keras' memory of shared objects, which is keyed by addresses that are used again."""

import keras
import numpy as np
from keras.src.saving import serialization_lib

from zoo import cells, layers


def test_copies_made_while_loading_are_never_looked_up(tmp_path, monkeypatch):
    inputs = keras.Input([None, 3])
    outputs = layers.Deep(layers.Bidirectional(cells.LSTMCell(2)), depth=2)(inputs)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "model.keras")

    # Keras remembers by address; the worst case is an address that is always used again.
    asked = []
    remembered = serialization_lib.get_shared_object

    def always_the_last(obj_id):
        shared = global_maps()
        if shared is not None and obj_id is not None:
            asked.append(obj_id)
        return remembered(obj_id)

    def global_maps():
        from keras.src.backend.common import global_state

        return global_state.get_global_attribute("shared_objects/id_to_obj_map")

    monkeypatch.setattr(serialization_lib, "get_shared_object", always_the_last)
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_array_equal(loaded(x), model(x))
    written = (tmp_path / "model.keras").read_bytes().count(b"shared_object_id")
    assert len(asked) <= written  # only what the file itself calls shared
