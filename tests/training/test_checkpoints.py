"""An interrupted run goes on from the last step that was saved, and ends as if nothing had happened."""

import math
import os
import resource
import shutil
import signal
from dataclasses import replace

import keras
import numpy as np
import pytest

import zoo
from zoo.training.checkpoints import Checkpoints
from zoo.training.saved_runs import BEST, RunState, newest, write
from zoo.training.signals import Asked, Stopped, noted

# As little as has all that a file must keep: words dropped at random, dropout, and an optimizer with slots.
TINY = {
    "word_dim": 6, "characters": "none", "units": 6, "bidirectional": False, "head": "softmax", "dropout": 0.3,
    "batch_size": 4, "seed": 5,
}  # fmt: skip
X = [line.split() for line in ("Ann Lee met Bo", "Bo likes Bergen", "no names here", "Ann hired Bo Lee")] * 4
Y = [line.split() for line in ("B-PER I-PER O B-PER", "B-PER O B-LOC", "O O O", "B-PER O B-PER I-PER")] * 4
EPOCHS = 4


class Interrupt(keras.callbacks.Callback):
    """Does something in the middle of an epoch."""

    def __init__(self, epoch, do, batch=1, when="train"):
        super().__init__()
        self.epoch, self.do, self.batch, self.when = epoch, do, batch, when
        self.now = False

    def on_epoch_begin(self, epoch, logs=None):
        self.now = epoch == self.epoch

    def on_train_batch_end(self, batch, logs=None):
        if self.now and self.when == "train" and batch == self.batch:
            self.do()

    def on_test_batch_end(self, batch, logs=None):
        if self.now and self.when == "test":
            self.do()


def ctrl_c():
    raise KeyboardInterrupt


# A tagger's batches are of sentences; a language model's go on from each other, and so do the states it carries.
TASKS = {
    "lstm_ner": (TINY, X, Y),
    "lstm_char_lm": (
        {"units": 6, "embedding_dim": 5, "dropout": 0.3, "batch_size": 2, "window": 8, "seed": 5},
        ["Ann Lee met Bo in Bergen.", "Bo Lee likes Bergen, and so does Ann."] * 4,
        None,
    ),
}


def run(directory, *more, patience=EPOCHS, name="lstm_ner", every=math.inf, asked=None):
    settings, x, y = TASKS[name]
    found = newest(directory)
    task, state = (zoo.load(found.model), found.state) if found else (zoo.get(name, **settings), RunState())
    checkpoints = Checkpoints(
        directory, state, task.monitor, patience, task.monitor_mode, every=every, resumed=found, asked=asked
    )
    task.fit(
        x,
        y,
        validation_data=(x, y),
        epochs=EPOCHS,
        initial_epoch=state.epoch,
        initial_step=state.step,
        verbose=0,
        callbacks=[*more, checkpoints],
    )
    return task, state


def figures(state):
    return {name: values for name, values in state.history.items() if name != "seconds"}


@pytest.fixture(scope="module")
def straight(tmp_path_factory):
    """What uninterrupted runs end with."""
    return {name: run(tmp_path_factory.mktemp("straight"), name=name) for name in TASKS}


def assert_same_end(resumed, expected):
    (task, state), (straight, wanted) = resumed, expected
    assert figures(state) == figures(wanted)
    assert (state.best_epoch, state.best_score) == (wanted.best_epoch, wanted.best_score)
    for a, b in zip(task.get_weights(), straight.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("name", TASKS)
def test_a_killed_run_goes_on_from_the_last_saved_step_and_ends_alike(straight, tmp_path, name):
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Interrupt(2, ctrl_c, batch=3), name=name, every=0)
    assert newest(tmp_path).state.epoch == 2
    assert newest(tmp_path).state.step == 3  # the fourth was not saved yet
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path, Interrupt(3, ctrl_c, batch=0), name=name)
    assert (newest(tmp_path).state.epoch, newest(tmp_path).state.step) == (3, 0)
    assert_same_end(run(tmp_path, name=name), straight[name])
    assert sorted(os.listdir(tmp_path)) == [BEST, f"epoch-{EPOCHS - 1:04d}", f"epoch-{EPOCHS:04d}"]


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("when", ["train", "test"])
def test_who_is_asked_to_end_saves_first(straight, tmp_path, name, when):
    asked = Asked()

    def ask():
        asked.signal = signal.SIGTERM

    with pytest.raises(Stopped, match=r"saved after 1 epoch and \d+ steps; the same command with --resume") as stopped:
        run(tmp_path, Interrupt(1, ask, when=when), name=name, asked=asked)
    assert stopped.value.signal == signal.SIGTERM
    state = newest(tmp_path).state
    assert (state.epoch, state.step) == (1, 2) if when == "train" else state.step > 2
    assert_same_end(run(tmp_path, name=name), straight[name])


def test_signals_are_noted_and_the_second_ends_at_once():
    before = signal.getsignal(signal.SIGTERM)
    with noted() as asked:
        os.kill(os.getpid(), signal.SIGTERM)
        assert asked.signal == signal.SIGTERM
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.fixture(scope="module")
def killed(tmp_path_factory):
    """What a run has left that was killed in its third epoch, after the third step was saved."""
    folder = tmp_path_factory.mktemp("killed")
    with pytest.raises(KeyboardInterrupt):
        run(folder, Interrupt(2, ctrl_c, batch=3), every=0)
    return folder


@pytest.mark.parametrize("part", ["model.keras", "state.json", "position.npz", "checksums.json"])
def test_what_is_damaged_is_told_and_left_aside(killed, tmp_path, caplog, part):
    shutil.copytree(killed, tmp_path, dirs_exist_ok=True)
    damaged = newest(tmp_path).folder
    content = bytearray((damaged / part).read_bytes())
    content[len(content) // 2] ^= 1
    (damaged / part).write_bytes(content)
    assert newest(tmp_path).state.step == 2
    assert f"{damaged} is damaged" in caplog.text


def test_a_run_goes_on_from_before_what_is_damaged(straight, killed, tmp_path):
    shutil.copytree(killed, tmp_path, dirs_exist_ok=True)
    (newest(tmp_path).folder / "position.npz").unlink()
    assert_same_end(run(tmp_path), straight["lstm_ner"])
    assert not list(tmp_path.glob("*step*"))


def test_nothing_whole_is_an_error(tmp_path):
    assert newest(tmp_path / "nothing") is None
    folder = tmp_path / "epoch-0001"
    folder.mkdir()
    (folder / "state.json").write_text("{")
    with pytest.raises(ValueError, match="all that was saved of the run is damaged; remove it and run again"):
        newest(tmp_path)


def test_a_full_disk_leaves_what_was_saved_before(straight, tmp_path):
    task, _ = straight["lstm_ner"]
    state = RunState(epoch=1)
    write(tmp_path, state, [], task.save, best=True)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, unlimited[1]))
    try:
        with pytest.raises(OSError, match=r"File too large|Unable to"):
            write(tmp_path, replace(state, epoch=2), [], task.save, best=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    assert newest(tmp_path).state == state


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
