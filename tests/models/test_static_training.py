"""Fit and evaluate at static shapes, on replicas, and several steps at a time."""

import numpy as np
import pytest
import tensorflow as tf

import zoo
from zoo.training.strategies import strategy
from zoo.training.tpu_strategy import StaticTPUStrategy

SENTENCES = [["Ann", "met", "Bo"], ["no", "names"], ["in", "the", "old", "town", "of", "Bergen"]] * 5
TAGS = [["B-PER", "O", "B-PER"], ["O", "O"], ["O", "O", "O", "O", "O", "B-LOC"]] * 5
TINY = {
    "word_dim": 4, "characters": "none", "units": 4, "bidirectional": False, "head": "softmax", "dropout": 0.0,
    "word_dropout": 0.0, "optimizer": "sgd", "learning_rate": 0.1, "batch_size": 4, "epochs": 2,
    "bucket_boundaries": (4,),
}  # fmt: skip


def fitted(which="none", **overrides):
    with strategy(which).scope():
        task = zoo.get("lstm_ner", **{**TINY, **overrides})
    calls = []
    told = tf.keras.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: calls.append(batch))
    history = task.fit(SENTENCES, TAGS, validation_data=(SENTENCES, TAGS), callbacks=[told], verbose=0).history
    return task, history, calls


@pytest.fixture(scope="module")
def plain():
    return fitted()


def assert_as(found, plain):
    (task, history, _), (expected, expected_history, _) = found, plain
    for a, b in zip(task.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-5)
    for name, values in expected_history.items():
        np.testing.assert_allclose(history[name], values, rtol=1e-5, err_msg=name)


@pytest.mark.parametrize("which", ["none", "mirrored"])
def test_the_result_is_that_of_shapes_that_change(plain, which):
    assert_as(fitted(which, static_shapes=True), plain)


def test_several_steps_at_a_time_make_the_same_result_also_where_some_are_left_over(plain):
    found = fitted(steps_per_execution=3)
    assert_as(found, plain)
    assert int(found[0].optimizer.iterations) == int(plain[0].optimizer.iterations) == 2 * 5
    assert plain[2] == [0, 1, 2, 3, 4] * 2
    assert found[2] == [2, 5] * 2  # called for three at a time; at the end of an epoch the last number is too large


def test_evaluation_has_the_same_shapes_as_training():
    task = zoo.get("lstm_ner", **TINY, static_shapes=True, max_tokens=5)
    records = task.records(SENTENCES, TAGS)
    task.adapt(records)
    shapes = [{tuple(x["token_ids"].shape) for x, _ in task.batches(records, training)} for training in (True, False)]
    assert shapes == [{(4, 4), (4, 5)}, {(4, 4), (4, 10)}]  # it is training alone that cuts
    assert task.batches(records, False).element_spec[0]["padding_mask"].shape.as_list() == [4, None]


def test_batches_must_be_cut_into_equal_parts():
    with strategy("mirrored").scope():
        task = zoo.get("lstm_ner", **{**TINY, "batch_size": 5}, static_shapes=True)
    with pytest.raises(ValueError, match=r"batch_size=5 cannot be cut into 2 equal parts.*take a multiple of 2"):
        task.fit(SENTENCES, TAGS, verbose=0)


def test_a_tpu_needs_static_shapes(monkeypatch):
    task = zoo.get("lstm_ner", **TINY)
    assert not task.static_shapes
    monkeypatch.setattr(task, "_distribute_strategy", object.__new__(StaticTPUStrategy))
    assert task.static_shapes
