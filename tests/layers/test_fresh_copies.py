"""Copies are fresh also while Keras, loading a model, remembers objects by addresses that are used again."""

import keras
import numpy as np
from keras.src.saving import serialization_lib

from zoo import cells, layers


def test_copies_are_never_taken_for_one_another(monkeypatch):
    monkeypatch.setattr(serialization_lib, "id", lambda obj: 7, raising=False)  # the worst case: one address for all
    with serialization_lib.ObjectSharingScope():  # what keras.saving.load_model opens
        deep = layers.Deep(layers.Bidirectional(cells.LSTMCell(2)), depth=2)
    deep(np.zeros((1, 4, 3), np.float32))
    assert len({id(weight) for weight in deep.weights}) == 2 * 2 * 3
    directions = [layer for both in deep.layers for layer in (both.forward_layer, both.backward_layer)]
    assert len({id(layer.cell) for layer in directions}) == 4
    assert [layer.go_backwards for layer in directions] == [False, True, False, True]


def test_what_is_shared_in_a_file_stays_shared(tmp_path):
    inputs = keras.Input([None, 3])
    shared = layers.LSTM(2, return_sequences=True)
    deep = layers.Deep(layers.Bidirectional(cells.GRUCell(2)), depth=2)
    model = keras.Model(inputs, [deep(shared(inputs)), shared(inputs)])
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert len(loaded.weights) == len(model.weights)
