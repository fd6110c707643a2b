"""Copying layers never consults Keras' memory of shared objects, which is keyed by addresses that are used again."""

import re
import zipfile

import keras
import numpy as np
from keras.src.backend.common import global_state
from keras.src.saving import serialization_lib

from zoo import cells, layers


def test_copies_made_while_loading_are_never_looked_up(tmp_path, monkeypatch):
    inputs = keras.Input([None, 3])
    outputs = layers.Deep(layers.Bidirectional(cells.LSTMCell(2)), depth=2)(inputs)
    model = keras.Model(inputs, outputs)
    path = tmp_path / "model.keras"
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        in_file = {int(i) for i in re.findall(rb'"shared_object_id": (\d+)', archive.read("config.json"))}

    asked = set()
    remembered = serialization_lib.get_shared_object

    def noting(obj_id):
        if global_state.get_global_attribute("shared_objects/id_to_obj_map") is not None:
            asked.add(obj_id)
        return remembered(obj_id)

    monkeypatch.setattr(serialization_lib, "get_shared_object", noting)
    loaded = keras.saving.load_model(path)
    # Any other identity is the address of a temporary copy: where it was used again, two layers would become one.
    assert asked <= in_file
    x = np.random.default_rng(0).normal(size=(2, 4, 3)).astype("float32")
    np.testing.assert_array_equal(loaded(x), model(x))


def test_what_is_shared_in_a_file_stays_shared(tmp_path):
    inputs = keras.Input([None, 3])
    shared = layers.LSTM(2, return_sequences=True)
    deep = layers.Deep(layers.Bidirectional(cells.GRUCell(2)), depth=2)
    model = keras.Model(inputs, [deep(shared(inputs)), shared(inputs)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert len(loaded.weights) == len(model.weights)
