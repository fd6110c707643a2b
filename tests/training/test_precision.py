"""A model computes in the precision of its configuration, wherever it is loaded."""

import keras
import pytest

import zoo

TINY = {"word_dim": 6, "characters": "none", "units": 6, "epochs": 1, "batch_size": 4}
X = [["Ann", "Lee", "met", "Bo"], ["no", "names", "here"]] * 4
Y = [["B-PER", "I-PER", "O", "B-PER"], ["O", "O", "O"]] * 4


@pytest.mark.parametrize(("precision", "optimizer"), [("bfloat16", "Adam"), ("float16", "LossScaleOptimizer")])
def test_a_model_computes_in_16_bits_and_keeps_weights_in_32(tmp_path, precision, optimizer):
    task = zoo.get("lstm_ner", precision=precision, **TINY)
    task.fit(X, Y, verbose=0)
    assert keras.config.dtype_policy().name == "float32"  # others' layers are not touched
    task.save(tmp_path / "task.keras")
    for model in (task, zoo.load(tmp_path / "task.keras")):
        recurrent = next(layer for layer in model.network.layers if "deep" in layer.name or "recurrent" in layer.name)
        assert recurrent.compute_dtype == precision
        assert {weight.dtype for weight in model.trainable_weights} == {"float32"}
        assert type(model.optimizer).__name__ == optimizer
    assert task.predict(["Ann Lee met Bo"])[0].tags == model.predict(["Ann Lee met Bo"])[0].tags
