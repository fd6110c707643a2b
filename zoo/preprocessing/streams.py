"""Streams: texts one behind the other, cut into rows that are read side by side, a window at a time."""

from __future__ import annotations

import tensorflow as tf

from zoo.preprocessing.batching import ragged

Batch = dict[str, tf.Tensor]

_TEXTS_TOGETHER = 100_000  # in memory at a time; the streams start anew after so many


def side_by_side(
    records: tf.data.Dataset, rows: int, *, shortest: int, shift: tf.Tensor | int = 0, lead: int = 0
) -> tf.data.Dataset:
    """Puts texts one behind the other and cuts what comes of it into equal rows.

    Nothing is lost: the last row is filled up with padding.

    Args:
        records: Single records with `inputs` and `targets`, int32 [time].
        rows: How many rows are read side by side; fewer where they would become shorter than `shortest`.
        shortest: In tokens.
        shift: The whole is turned by so many tokens, so that windows begin elsewhere in every epoch.
        lead: Every row but the first begins so many tokens before its own part; these have no target. So in evaluation
            a row's first own tokens are not judged without what comes before them.

    Returns:
        One batch (or, of more texts than fit, several) of `inputs`, `targets` (both 0 where there is none), int32
        [rows, time].
    """

    def cut(batch: Batch) -> Batch:
        inputs, targets = ragged(batch["inputs"]).flat_values, ragged(batch["targets"]).flat_values
        inputs, targets = tf.roll(inputs, shift, axis=0), tf.roll(targets, shift, axis=0)
        total = tf.size(inputs)
        count = tf.clip_by_value(total // shortest, 1, rows)
        length = (total + count - 1) // count
        places = length * tf.range(count)[:, tf.newaxis] + tf.range(-lead, length)
        there = (places >= 0) & (places < total)
        places = tf.clip_by_value(places, 0, tf.maximum(total - 1, 0))
        own = there & (tf.range(-lead, length) >= 0)
        return {
            "inputs": tf.where(there, tf.gather(inputs, places), 0),
            "targets": tf.where(own, tf.gather(targets, places), 0),
        }

    pairs = records.map(lambda record: {name: record[name] for name in ("inputs", "targets")})
    return pairs.ragged_batch(_TEXTS_TOGETHER).map(cut)


def windows(batches: tf.data.Dataset, window: int) -> tf.data.Dataset:
    """Cuts batches along time; a batch's windows follow each other, row by row.

    Args:
        batches: Batches of `inputs` and `targets` [rows, time], and perhaps more of one value a row.
        window: Tokens a window at most. A batch is cut evenly, since every window is a training step of its own: none
            is made of a few tokens that were left over.

    Returns:
        Batches with `fresh`, bool [rows], besides: whether the rows begin here, or go on from the window before.
    """

    def cut(batch: Batch) -> tf.data.Dataset:
        rows, time = tf.unstack(tf.shape(batch["inputs"], tf.int64))
        count = tf.maximum((time + window - 1) // window, 1)
        size = tf.maximum((time + count - 1) // count, 1)

        def one(start: tf.Tensor) -> Batch:
            part = {name: batch[name][:, start : start + size] for name in ("inputs", "targets")}
            return {**batch, **part, "fresh": tf.fill([rows], tf.equal(start, 0))}

        return tf.data.Dataset.range(0, time, size).map(one)

    return batches.flat_map(cut)
