"""Rows that are real, of batches that are padded."""

from __future__ import annotations

import tensorflow as tf

from zoo.engine.xla_context import inside_xla


class Packing:
    """The places where a mask is True, so that nothing is worked out for the others.

    Where XLA compiles, shapes must not depend on values: then all places are kept, and what is unpacked is zero where
    the mask is False all the same.

    Attributes:
        mask: bool [...].
        places: int32 [kept], the places that are kept, of the flattened mask, in order.
    """

    def __init__(self, mask: tf.Tensor) -> None:
        """Finds the places."""
        self.mask = mask
        flat = tf.reshape(mask, [-1])
        if inside_xla():
            self.places = tf.range(tf.size(flat))
        else:
            self.places = tf.cast(tf.where(flat)[:, 0], tf.int32)

    def packed(self, values: tf.Tensor) -> tf.Tensor:
        """Returns the rows that are kept.

        Args:
            values: [*mask, ...].

        Returns:
            [kept, ...].
        """
        rest = values.shape[self.mask.shape.rank :]
        flat = tf.reshape(values, [-1, *tf.unstack(tf.shape(values)[self.mask.shape.rank :])])
        return tf.ensure_shape(tf.gather(flat, self.places), [None, *rest])

    def unpacked(self, rows: tf.Tensor) -> tf.Tensor:
        """Puts rows back where they were, and zeros elsewhere.

        Args:
            rows: [kept, ...].

        Returns:
            [*mask, ...].
        """
        real = tf.gather(tf.reshape(self.mask, [-1]), self.places)
        real = tf.reshape(real, [-1, *[1] * (rows.shape.rank - 1)])
        rest = tf.shape(rows)[1:]
        rows = tf.where(real, rows, tf.zeros([], rows.dtype))
        flat = tf.scatter_nd(self.places[:, tf.newaxis], rows, tf.concat([[tf.size(self.mask)], rest], axis=0))
        whole = tf.reshape(flat, tf.concat([tf.shape(self.mask), rest], axis=0))
        return tf.ensure_shape(whole, [*self.mask.shape, *rows.shape[1:]])
