"""An interrupted run goes on where its last whole epoch ended, and ends as if nothing had happened."""

import json
import os

import keras
import numpy as np
import pytest

import zoo
from zoo.training.checkpoints import BEST, Checkpoints, RunState, newest

# As little as has all that a file must keep: words dropped at random, dropout, and an optimizer with slots.
TINY = {
    "word_dim": 6, "characters": "none", "units": 6, "bidirectional": False, "head": "softmax", "dropout": 0.3,
    "batch_size": 4, "seed": 5,
}  # fmt: skip
X = [line.split() for line in ("Ann Lee met Bo", "Bo likes Bergen", "no names here", "Ann hired Bo Lee")] * 4
Y = [line.split() for line in ("B-PER I-PER O B-PER", "B-PER O B-LOC", "O O O", "B-PER O B-PER I-PER")] * 4
EPOCHS = 4


class Interrupt(keras.callbacks.Callback):
    """Presses Ctrl-C in the middle of an epoch."""

    def __init__(self, epoch):
        super().__init__()
        self.epoch = epoch

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch == self.epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now and batch == 1:
            raise KeyboardInterrupt


def run(directory, *more, patience=EPOCHS):
    found = newest(directory)
    task, state = (zoo.load(found[0]), found[1]) if found else (zoo.get("lstm_ner", **TINY), RunState())
    checkpoints = Checkpoints(directory, state, "val_f1", patience)
    task.fit(
        X,
        Y,
        validation_data=(X, Y),
        epochs=EPOCHS,
        initial_epoch=state.epoch,
        verbose=0,
        callbacks=[checkpoints, *more],
    )
    return task, state


def figures(state):
    return {name: values for name, values in state.history.items() if name != "seconds"}


def test_an_interrupted_run_ends_as_an_uninterrupted_one(tmp_path):
    straight, expected = run(tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "broken", Interrupt(epoch=2))
    assert newest(tmp_path / "broken")[1].epoch == 2
    resumed, state = run(tmp_path / "broken")
    assert figures(state) == figures(expected)
    assert (state.best_epoch, state.best_score) == (expected.best_epoch, expected.best_score)
    for a, b in zip(straight.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert sorted(os.listdir(tmp_path / "broken")) == [BEST, f"epoch-{EPOCHS:04d}"]


def test_the_best_epoch_is_kept_and_patience_ends_the_run(tmp_path):
    class Scores(keras.callbacks.Callback):
        """Overwrites the validation score: the second epoch is best."""

        def on_epoch_end(self, epoch, logs=None):
            logs["val_f1"] = [0.1, 0.9, 0.5, 0.7][epoch]

    state = RunState()
    task = zoo.get("lstm_ner", **TINY)
    weights = []
    record = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: weights.append(task.get_weights()))
    checkpoints = Checkpoints(tmp_path, state, "val_f1", patience=1)
    task.fit(X, Y, validation_data=(X, Y), epochs=EPOCHS, verbose=0, callbacks=[Scores(), record, checkpoints])
    assert (state.epoch, state.best_epoch, state.best_score) == (3, 2, 0.9)
    assert checkpoints.exhausted
    assert not Checkpoints(tmp_path, state, "val_f1", patience=2).exhausted
    for a, b in zip(zoo.load(tmp_path / BEST).get_weights(), weights[1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_log_that_is_not_there_is_named(tmp_path):
    task = zoo.get("lstm_ner", **TINY)
    checkpoints = Checkpoints(tmp_path, RunState(), "val_f2", patience=1)
    with pytest.raises(ValueError, match=r"no 'val_f2'.*'loss'"):
        task.fit(X, Y, epochs=1, verbose=0, callbacks=[checkpoints])


def test_an_unreadable_state_is_named(tmp_path):
    assert newest(tmp_path / "nothing") is None
    folder = tmp_path / "epoch-0001"
    folder.mkdir()
    (folder / "state.json").write_text(json.dumps({"epoch": 1})[:-3])
    with pytest.raises(ValueError, match=r"state.json: cannot be read"):
        newest(tmp_path)
