"""Adam for large embeddings: a step costs what occurs in it, not what could occur."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.engine.xla_context import inside_xla


@keras.saving.register_keras_serializable(package="zoo")
class LazyAdam(keras.optimizers.Adam):
    """Adam (Kingma & Ba 2015) that leaves the rows of an embedding alone in the steps in which they do not occur.

    Keras' Adam moves every row in every step, since the moments of a row that does not occur decay. Here both the row
    and its moments wait. So a step with ten thousand words costs the same with a vocabulary of ten thousand or ten
    million, and a rare word is not pushed along for hundreds of steps by the one text that had it.

    A gradient that comes as slices is treated so, with rows of the same id added up first. Where slices are not to be
    had (XLA compiles no sum over ids that are not known beforehand; several replicas of one machine add up dense
    gradients), rows of embeddings whose gradient is all zeros are left alone, which is the same.

    Arguments are those of `keras.optimizers.Adam`.
    """

    takes_slices = True  # clips and sums slices by itself; see `ReplicaSafe`

    def _clip_gradients(self, grads: list) -> list:
        """Clips by the joint norm without making slices dense."""
        if not self.global_clipnorm or not any(isinstance(gradient, tf.IndexedSlices) for gradient in grads):
            return super()._clip_gradients(grads)
        return tf.clip_by_global_norm([_rows_summed(gradient) for gradient in grads], self.global_clipnorm)[0]

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates one variable."""
        if isinstance(gradient, tf.IndexedSlices):
            gradient = _rows_summed(gradient)
        elif "embedding" not in variable.name or variable.shape.rank != 2:
            super().update_step(gradient, variable, learning_rate)
            return
        index = self._get_variable_index(variable)
        m, v = self._momentums[index], self._velocities[index]
        learning_rate = tf.cast(learning_rate, variable.dtype)
        step = tf.cast(self.iterations + 1, variable.dtype)
        rate = learning_rate * tf.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step)

        def updated(g: tf.Tensor, m: tf.Tensor, v: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            m += (g - m) * (1 - self.beta_1)
            v += (tf.square(g) - v) * (1 - self.beta_2)
            return m, v, rate * m / (tf.sqrt(v) + self.epsilon)

        if isinstance(gradient, tf.IndexedSlices):
            ids = gradient.indices
            old = (tf.gather(moment.value, ids) for moment in (m, v))
            new_m, new_v, change = (tf.IndexedSlices(rows, ids) for rows in updated(gradient.values, *old))
        else:
            occurs = tf.reduce_any(tf.not_equal(gradient, 0), axis=1, keepdims=True)
            old_m, old_v = tf.convert_to_tensor(m.value), tf.convert_to_tensor(v.value)
            new_m, new_v, change = updated(gradient, old_m, old_v)
            new_m, new_v = tf.where(occurs, new_m, old_m), tf.where(occurs, new_v, old_v)
            change = tf.where(occurs, change, tf.zeros([], change.dtype))
        self.assign(m, new_m)
        self.assign(v, new_v)
        self.assign_sub(variable, change)


def _rows_summed(gradient: Any) -> Any:
    """Returns slices with distinct ids (dense where XLA compiles); anything else as it is."""
    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    if inside_xla():
        return tf.convert_to_tensor(gradient)
    ids, places = tf.unique(gradient.indices)
    rows = tf.math.unsorted_segment_sum(gradient.values, places, tf.size(ids))
    return tf.IndexedSlices(rows, ids, gradient.dense_shape)
