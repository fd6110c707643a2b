"""Every override of Keras' trainer, in one file.

Why each is needed (Keras 3.15, TensorFlow backend):

- `train_step`, `test_step`: Keras averages the loss within a replica and then over replicas, so padding and uneven
  batches change the result. Here a loss has a weight, by which gradients are averaged over replicas.
- clipping by the joint norm: Keras clips each replica's gradients before summing them, and an embedding's before adding
  up the rows of the same id. Here they are summed first (`_of_all`), in one message instead of one for each weight, and
  the optimizer's `_all_reduce_sum_gradients` is left with nothing to do.
- `_get_metrics_result_or_logs`: a training step reports the loss alone, for speed. Keras then logs what one replica
  said in the last step instead of the metric that has counted over all replicas.
- `_make_function`: under `MultiWorkerMirroredStrategy` Keras reduces every log of every step over all workers along an
  axis that a scalar has not, and fails (its issues 20329 and 20585). Here a training step's loss is that of all, which
  comes with the gradients, so that a callback stops all workers by it or none; a step of evaluation tells what one
  replica of this process has counted. What all have counted is read once, at the end.
- `evaluate`: says so, so that at the end what is counted is the evaluation's.
- `_maybe_symbolic_build`: under a strategy Keras builds the model from the mean of the first batch's shards, which
  fails for strings, bools and shards of different shape. A task is built before training, so only the optimizer is left
  to build.

`tests/training/test_replica_safe.py` fails when Keras changes any of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo.engine import paths
from zoo.training.gradient_sums import mean_over_replicas
from zoo.training.optimizers import without_loss_scaling

Tensors = dict[str, tf.Tensor]


class ReplicaSafe(keras.Model):
    """A model whose training does not depend on how many replicas share the batch.

    Subclasses say what the loss is (`loss_terms`) and what evaluation counts (`update_evaluation`).
    """

    _evaluating = False

    def loss_terms(self, x: Tensors, y: Any, y_pred: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns (values, weights), tensors of any shape: the loss is the sum of values over the sum of weights.

        Args:
            x: The preprocessed inputs.
            y: The preprocessed targets.
            y_pred: What `call` returned.
        """
        raise TypeError(f"{type(self).__name__} does not say what its loss is: define loss_terms()")

    def update_evaluation(self, x: Tensors, y: Any, y_pred: Any) -> None:
        """Updates the task's own metrics, which only evaluation pays for."""

    def train_step(self, data: tuple) -> Tensors:
        """One step of one replica: `{"loss": running mean}`."""
        # At an epoch's end Keras asks for a step more than there are batches. It fails, but what does not need the
        # batch, random numbers and the optimizer's count, would have changed by then, or not: a matter of chance.
        with tf.control_dependencies(tf.nest.flatten(data)):
            return self._learn(data)

    def _learn(self, data: tuple) -> Tensors:
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        with paths.a_whole_step(), tf.GradientTape() as tape:
            loss, weight = self._own_loss(x, y, self(x, training=True))
            scaled = self.optimizer.scale_loss(tf.add_n([loss, *self.losses]))
        variables = self.trainable_weights
        gradients = self._of_all(tape.gradient(scaled, variables), loss, weight)
        self.optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return {"loss": self._loss_tracker.result()}

    def test_step(self, data: tuple) -> Tensors:
        """One evaluation step of one replica: the loss and the task's own metrics so far."""
        x, y, _ = keras.utils.unpack_x_y_sample_weight(data)
        with paths.a_whole_step():
            y_pred = self(x, training=False)
        loss, weight = self._own_loss(x, y, y_pred)
        self._loss_tracker.update_state(loss, sample_weight=weight)
        self.update_evaluation(x, y, y_pred)
        return self.get_metrics_result()

    def evaluate(self, *args: Any, **kwargs: Any) -> Any:
        """As in Keras; remembers meanwhile that what is counted is the evaluation's."""
        self._evaluating = True
        try:
            return super().evaluate(*args, **kwargs)
        finally:
            self._evaluating = False

    def position(self) -> list[np.ndarray]:
        """Returns what must be kept, besides weights and random state, to go on in the middle of an epoch.

        Of several workers all must ask at the same step.
        """
        return [np.array(tf.convert_to_tensor(variable)) for variable in self._loss_tracker.variables]

    def go_on_from(self, position: list[np.ndarray]) -> None:
        """Restores what `position` returned, in an epoch that has begun."""
        for variable, value in zip(self._loss_tracker.variables, position, strict=True):
            variable.assign(value)

    def _make_function(self, step_function: Callable[[tuple], Tensors]) -> Callable[[Iterator], Tensors]:
        """Returns the function that takes `steps_per_execution` steps, or fewer where the batches end."""
        strategy, steps = self.distribute_strategy, self.steps_per_execution
        if not isinstance(strategy, tf.distribute.MultiWorkerMirroredStrategy):
            return super()._make_function(step_function)

        def step(batch: tuple) -> Tensors:
            logs = strategy.run(step_function, args=(batch,))
            return {name: strategy.experimental_local_results(value)[0] for name, value in logs.items()}

        if not self.run_eagerly:
            step = tf.function(step, jit_compile=self.jit_compile, autograph=False, reduce_retracing=True)

        def one_step(batches: tf.distribute.DistributedIterator | tf.data.Iterator) -> Tensors:
            return step(batches.get_next())

        if not self.run_eagerly:
            one_step = tf.function(one_step, autograph=False, reduce_retracing=True)

        def all_steps(batches: tf.distribute.DistributedIterator | tf.data.Iterator) -> Tensors:
            # Not a loop in the graph: a message that comes again there must have the shape that it had the first time.
            logs = one_step(batches)
            for _ in range(steps - 1):
                try:
                    logs = one_step(batches)
                except tf.errors.OutOfRangeError:  # the next call meets it again
                    break
            return logs

        return all_steps

    def _own_loss(self, x: Tensors, y: Any, y_pred: Any) -> tuple[tf.Tensor, tf.Tensor]:
        """Returns this replica's loss, and its weight beside those of other replicas."""
        values, weights = self.loss_terms(x, y, y_pred)
        weight = tf.reduce_sum(weights)
        return tf.math.divide_no_nan(tf.reduce_sum(values), weight), weight

    def _of_all(self, gradients: list, loss: tf.Tensor, weight: tf.Tensor) -> list:
        """Counts the loss and returns the gradients of all replicas together, ready for the optimizer.

        An embedding's gradient comes as slices, a row for each time an id occurs; its norm is that of the gradient only
        after rows of the same id are added up. With more replicas the norm is that of the mean over all of them, which
        is taken here, and so the optimizer is kept from adding them up once more.

        Where the loss is scaled, so are these gradients. There too one sum is taken for all replicas, as each looks by
        itself whether a number is too large, and all must leave the step out or none.
        """
        optimizer = without_loss_scaling(self.optimizer)
        takes_slices = getattr(optimizer, "takes_slices", False)  # it clips them by itself
        replicas = self.distribute_strategy.num_replicas_in_sync
        if replicas > 1:
            optimizer._all_reduce_sum_gradients = list
            variables = [*self.trainable_weights, loss]
            means, weight = mean_over_replicas([*gradients, loss], variables, weight, slices=takes_slices)
            *gradients, loss = means
        elif optimizer.global_clipnorm and not takes_slices:
            gradients = [g if g is None else tf.convert_to_tensor(g) for g in gradients]
        # Every replica counts its share of what is everybody's, so that what has been counted is the same in each.
        self._loss_tracker.update_state(loss, sample_weight=weight / replicas)
        return gradients

    def _get_metrics_result_or_logs(self, logs: dict[str, Any]) -> dict[str, Any]:
        results = self.get_metrics_result()
        if self._evaluating:
            return results
        logs = logs or {"loss": None}  # none in an epoch whose last step was done before it was interrupted
        return {name: results.get(name, value) for name, value in logs.items()}

    def _maybe_symbolic_build(self, iterator: Any = None, data_batch: Any = None) -> None:
        if self.optimizer is not None and not self.optimizer.built:
            with self.distribute_strategy.scope():
                self.optimizer.build(self.trainable_variables)
