"""Saving and loading: whole or not at all."""

import os

import keras
import pytest

import zoo

TINY = {"word_dim": 4, "characters": "none", "units": 4, "bidirectional": False, "head": "softmax", "epochs": 1}


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    task = zoo.get("lstm_ner", **TINY)
    task.fit([["Ann", "left"]] * 4, [["B-PER", "O"]] * 4, verbose=0)
    path = tmp_path_factory.mktemp("saved") / "task.keras"
    task.save(path)
    return path


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing.keras: no such file"):
        zoo.load(tmp_path / "nothing.keras")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_one_clear_line(saved, tmp_path, share):
    whole = saved.read_bytes()
    path = tmp_path / "cut.keras"
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(ValueError, match=r"cut.keras: not a whole .keras file"):
        zoo.load(path)


def test_a_damaged_file_is_one_clear_line(saved, tmp_path):
    damaged = bytearray(saved.read_bytes())
    middle = len(damaged) // 2
    damaged[middle : middle + 64] = bytes(byte ^ 0xFF for byte in damaged[middle : middle + 64])
    path = tmp_path / "damaged.keras"
    path.write_bytes(damaged)
    with pytest.raises(ValueError, match=r"damaged.keras: not a whole .keras file"):
        zoo.load(path)


def test_a_foreign_model_is_refused(tmp_path):
    path = tmp_path / "foreign.keras"
    keras.Sequential([keras.Input([1]), keras.layers.Dense(1)]).save(path)
    with pytest.raises(ValueError, match=r"not a whole .keras file of a zoo model"):
        zoo.load(path)


def test_save_writes_only_keras_files_and_never_over_one_unasked(saved, tmp_path):
    task = zoo.load(saved)
    with pytest.raises(ValueError, match=r"name it .*model.keras"):
        task.save(tmp_path / "model.h5")
    task.save(tmp_path / "model.keras")
    with pytest.raises(FileExistsError, match="overwrite=True"):
        task.save(tmp_path / "model.keras", overwrite=False)
    assert os.listdir(tmp_path) == ["model.keras"]


def test_an_interrupted_save_leaves_the_old_file_whole(saved, tmp_path, monkeypatch):
    task = zoo.load(saved)
    path = tmp_path / "model.keras"
    task.save(path)
    before = path.read_bytes()

    def full_disk(self, store):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(task), "save_own_variables", full_disk)
    with pytest.raises(OSError, match="No space left"):
        task.save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.keras"]


def test_an_optimizer_of_ones_own_keeps_its_learning_rate(saved, tmp_path):
    data = [["Ann", "left"]] * 4, [["B-PER", "O"]] * 4
    task = zoo.load(saved)
    task.fit(*data, epochs=1, verbose=0)
    assert float(task.optimizer.learning_rate) == pytest.approx(0.002)  # the plan of the configuration
    task.compile(optimizer=keras.optimizers.SGD(1e-4))
    task.fit(*data, epochs=1, verbose=0)
    task.save(tmp_path / "own.keras")
    again = zoo.load(tmp_path / "own.keras")
    again.fit(*data, epochs=1, verbose=0)
    assert float(again.optimizer.learning_rate) == pytest.approx(1e-4)
    rates = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    again.compile(optimizer=keras.optimizers.SGD(rates))
    again.fit(*data, epochs=1, verbose=0)


def test_fit_refuses_what_would_do_nothing(saved):
    task = zoo.load(saved)
    with pytest.raises(TypeError, match="class_weight means nothing for raw records"):
        task.fit([["Ann"]], [["B-PER"]], class_weight={0: 1.0}, verbose=0)
    with pytest.raises(ValueError, match="epochs is -1, but must not be negative"):
        task.fit([["Ann"]], [["B-PER"]], epochs=-1, verbose=0)
    before = task.get_weights()
    task.fit([["Ann"]], [["B-PER"]], epochs=0, verbose=0)
    for a, b in zip(before, task.get_weights(), strict=True):
        assert (a == b).all()
