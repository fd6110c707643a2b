"""The loss is one sum over one weight, and Keras' internals are where the overrides expect them."""

import inspect

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.training.progress import Progress
from zoo.training.replica_safe import ReplicaSafe
from zoo.training.schedules import EpochSchedule
from zoo.training.strategies import strategy


@keras.saving.register_keras_serializable(package="tests")
class Line(ReplicaSafe):
    """y = a x, with the weight of each point as second column of y."""

    def __init__(self):
        super().__init__()
        self.dense = keras.layers.Dense(1, use_bias=False, kernel_initializer="ones")
        self.dense.build((None, 1))
        self.compile(keras.optimizers.SGD(0.1), jit_compile=False)

    def call(self, x, training=False):
        return self.dense(x["x"])

    def loss_terms(self, x, y, y_pred):
        return (y_pred[:, 0] - y[:, 0]) ** 2 * y[:, 1], y[:, 1]


def points(weights):
    x = np.arange(1, len(weights) + 1, dtype=np.float32)[:, None]
    y = np.concatenate([3 * x, np.asarray(weights, np.float32)[:, None]], axis=1)
    return tf.data.Dataset.from_tensor_slices(({"x": x}, y))


@pytest.mark.parametrize("which", ["none", "mirrored"])
def test_the_loss_is_the_weighted_mean_over_everything(which):
    weights = np.array([1, 2, 0, 4, 1])
    with strategy(which).scope():
        model = Line()
    loss = model.evaluate(points(weights).batch(2), verbose=0, return_dict=True)["loss"]
    x = np.arange(1, 6)
    assert loss == pytest.approx(np.sum(weights * (2.0 * x) ** 2) / np.sum(weights), rel=1e-6)


@pytest.mark.parametrize("which", ["none", "mirrored"])
def test_a_step_follows_the_gradient_of_the_weighted_mean(which):
    weights = np.array([1, 2, 0, 4, 1])
    with strategy(which).scope():
        model = Line()
    model.fit(points(weights).batch(5), epochs=1, verbose=0)
    x = np.arange(1, 6)
    gradient = np.sum(weights * 2 * (x - 3 * x) * x) / np.sum(weights)
    assert model.get_weights()[0].item() == pytest.approx(1 - 0.1 * gradient, rel=1e-6)


def test_the_step_after_the_last_batch_changes_nothing():
    class Drawing(Line):
        """Draws a random number a step, and the optimizer counts its steps: neither depends on what the batch says."""

        def __init__(self):
            super().__init__()
            self.seeds = keras.random.SeedGenerator(7)

        def call(self, x, training=False):
            return super().call(x) + 0 * keras.random.normal([], seed=self.seeds)

    for _ in range(5):  # it is a race
        model = Drawing()
        model.fit(points([1, 1, 1, 1]).batch(2), epochs=3, verbose=0)
        assert int(model.optimizer.iterations) == 6
        assert np.array(model.seeds.state).tolist() == [7, 6]


@pytest.mark.parametrize("which", ["none", "mirrored"])
def test_a_scaled_loss_is_clipped_by_the_norm_of_what_it_was(which):
    with strategy(which).scope():
        model = Line()
        clipping = keras.optimizers.SGD(0.1, global_clipnorm=0.5)
        model.compile(keras.optimizers.LossScaleOptimizer(clipping), jit_compile=False)
    model.fit(points([1, 2, 0, 4, 1]).batch(5), epochs=1, verbose=0)
    assert model.get_weights()[0].item() == pytest.approx(1 + 0.1 * 0.5, rel=1e-6)


def test_a_batch_of_padding_only_changes_nothing():
    model = Line()
    model.fit(points([0, 0]).batch(2), epochs=1, verbose=0)
    assert model.get_weights()[0].item() == 1.0


def test_keras_still_has_what_the_overrides_replace():
    trainer = keras.Model
    assert list(inspect.signature(trainer._maybe_symbolic_build).parameters) == ["self", "iterator", "data_batch"]
    assert list(inspect.signature(trainer._get_metrics_result_or_logs).parameters) == ["self", "logs"]
    assert list(inspect.signature(trainer.train_step).parameters) == ["self", "data"]
    assert list(inspect.signature(trainer._make_function).parameters) == ["self", "step_function"]
    for kind in ("train", "test"):
        source = inspect.getsource(getattr(trainer, f"make_{kind}_function"))
        assert f"self.{kind}_function = self._make_function(self.{kind}_step)" in source
    model = Line()
    assert isinstance(model._loss_tracker, keras.metrics.Mean)
    assert list(inspect.signature(model.optimizer._all_reduce_sum_gradients).parameters) == ["grads_and_vars"]
    assert "_all_reduce_sum_gradients(grads_and_vars)" in inspect.getsource(type(model.optimizer)._backend_update_step)
    assert "_use_cached_eval_dataset=True" in inspect.getsource(trainer.fit)


def test_an_unknown_strategy_is_told_the_known_ones():
    with pytest.raises(ValueError, match="allowed are none, mirrored, multi_worker, tpu; did you mean 'mirrored'"):
        strategy("mirored")


def test_the_schedule_is_a_function_of_the_epoch():
    class Config:
        learning_rate, final_learning_rate = 0.5, 0.1

    model, epoch = Line(), tf.Variable(0, dtype=tf.int64)
    rates = []
    done = tf.Variable(0, dtype=tf.int64)
    schedule = EpochSchedule(Config, 5, epoch, done, (1, 3))
    schedule.set_model(model)
    for number in range(5):
        schedule.on_epoch_begin(number)
        rates.append(float(model.optimizer.learning_rate))
        assert int(epoch) == number
        assert int(done) == (3 if number == 1 else 0)
    np.testing.assert_allclose(rates, np.linspace(0.5, 0.05, 5), rtol=1e-6)


def test_progress_shows_the_chosen_figures_only(capsys):
    model = Line()
    data = points([1, 1, 1, 1]).batch(2)
    model.fit(data, validation_data=data, epochs=1, verbose=2, callbacks=[Progress(("val_loss",))])
    printed = capsys.readouterr().out
    assert "val_loss:" in printed
    assert " loss:" not in printed


def test_progress_tells_the_epochs_of_the_whole_training(capsys):
    rest = {"initial_epoch": 2, "epochs": 3}  # as Keras is told where an interrupted epoch is gone on with
    Line().fit(points([1, 1]).batch(2), **rest, verbose=2, callbacks=[Progress(("loss",), 9)])
    assert "Epoch 3/9" in capsys.readouterr().out
