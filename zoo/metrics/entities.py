"""Entity precision, recall and F1, counted inside the graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf

from zoo import tag_schemes


@keras.saving.register_keras_serializable(package="zoo")
class EntityScore(keras.metrics.Metric):
    """Micro-averaged entity precision, recall and F1, over all types and for each, as conlleval and seqeval count them.

    An entity is found if a predicted one has the same first token, last token and type (Tjong Kim Sang & De Meulder
    2003, "Introduction to the CoNLL-2003 shared task"). Any tags of any scheme (`zoo.tag_schemes`) are read the way
    `zoo.tag_schemes.spans` and seqeval's default mode read them, malformed sequences included. The result equals
    seqeval's on the strings without leaving the graph: it compiles under XLA, and under a strategy the counts are
    summed over the replicas.

    ```python
    metric = EntityScore(["O", "B-PER", "I-PER", "B-LOC", "I-LOC"])
    metric.update_state(tag_ids, predicted_ids, padding_mask)
    metric.result()  # {"f1", "precision", "recall", "LOC_f1", "LOC_precision", ..., "PER_recall"}
    ```

    Args:
        tag_names: the tag set in the order of the tag ids.
        name: name of the metric.
        dtype: float dtype of the counts. float32 is exact up to 16 million entities of a type.

    Raises:
        ValueError: if `tag_names` is empty or holds something that is not a tag.
    """

    def __init__(self, tag_names: Sequence[str], name: str = "entities", dtype: Any = None) -> None:
        """Looks up what each tag means and creates the counts, one of each kind a type."""
        super().__init__(name=name, dtype=dtype)
        if not tag_names:
            raise ValueError("EntityScore needs the tag set, but tag_names is empty.")
        self.tag_names = list(tag_names)
        parts = [tag_schemes.split(tag) for tag in self.tag_names]
        self.types = sorted({kind for prefix, kind in parts if prefix != "O"})
        self._outside = len(parts)  # One tag more, for steps that are not there.
        self._meaning = _Meaning.of([*parts, ("O", "")], self.types)
        self.true_positives, self.predicted, self.actual = (
            self.add_variable([len(self.types)], "zeros", dtype=self.dtype, name=count)
            for count in ("true_positives", "predicted", "actual")
        )

    def update_state(self, tag_ids: tf.Tensor, predicted_ids: tf.Tensor, mask: tf.Tensor | None = None) -> None:
        """Counts the entities of a batch.

        Args:
            tag_ids: int [batch, time], the true tags; negative at steps that are not there.
            predicted_ids: int [batch, time].
            mask: [batch, time], zero or False at further steps that are not there. Wherever those stand, their
                neighbours are counted as if they stood side by side.
        """
        tag_ids, predicted_ids = tf.cast(tag_ids, tf.int32), tf.cast(predicted_ids, tf.int32)
        real = tag_ids >= 0
        if mask is not None:
            real &= tf.cast(mask, tf.bool)
        order = tf.argsort(tf.cast(~real, tf.int32), axis=1, stable=True)

        def entities(ids: tf.Tensor) -> _Entities:
            ids = tf.where(real & (ids >= 0), ids, self._outside)
            return _Entities.of(tf.gather(ids, order, batch_dims=1), self._meaning)

        actual, predicted = entities(tag_ids), entities(predicted_ids)
        self.true_positives.assign_add(self._count(_found(actual, predicted), actual.kind))
        self.predicted.assign_add(self._count(predicted.start, predicted.kind))
        self.actual.assign_add(self._count(actual.start, actual.kind))

    def _count(self, flags: tf.Tensor, kind: tf.Tensor) -> tf.Tensor:
        """Number of set flags of each type, [types]."""
        chosen = tf.where(flags, kind, len(self.types))
        return tf.reduce_sum(tf.one_hot(chosen, len(self.types), dtype=self.dtype), axis=[0, 1])

    def result(self) -> dict[str, tf.Tensor]:
        """Scalars `f1`, `precision`, `recall`, and `TYPE_f1`, `TYPE_precision`, `TYPE_recall` of each type.

        A score whose denominator is 0 is 0.
        """
        counts = [tf.convert_to_tensor(count) for count in (self.true_positives, self.predicted, self.actual)]
        scores = _scores("", *(tf.reduce_sum(count) for count in counts))
        for index, kind in enumerate(self.types):
            scores |= _scores(f"{kind}_", *(count[index] for count in counts))
        return scores

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {**super().get_config(), "tag_names": self.tag_names}


class _Meaning(NamedTuple):
    """What each tag says, as tables over tag ids."""

    kind: np.ndarray  # index of the type; the number of types for O
    inside: np.ndarray  # not O
    opens: np.ndarray  # B and S begin an entity whatever came before
    closes: np.ndarray  # E and S end one whatever comes next

    @classmethod
    def of(cls, parts: list[tuple[str, str]], types: list[str]) -> _Meaning:
        prefixes = np.array([prefix for prefix, _ in parts])
        kinds = [len(types) if prefix == "O" else types.index(kind) for prefix, kind in parts]
        opens, closes = np.isin(prefixes, ["B", "S"]), np.isin(prefixes, ["E", "S"])
        return cls(np.array(kinds, np.int32), prefixes != "O", opens, closes)


class _Entities(NamedTuple):
    """The entities of a batch, as four tensors [batch, time]."""

    kind: tf.Tensor  # int32 index of the type; the number of types outside of entities
    inside: tf.Tensor  # bool, at each token of an entity
    start: tf.Tensor  # bool, at each entity's first token
    end: tf.Tensor  # bool, at each entity's last token

    @classmethod
    def of(cls, ids: tf.Tensor, meaning: _Meaning) -> _Entities:
        """Reads tags by the rules of conlleval; beyond both ends of a row all is O."""
        outside = len(meaning.kind) - 1
        previous = tf.pad(ids, [[0, 0], [1, 0]], constant_values=outside)[:, :-1]
        kind, inside = tf.gather(meaning.kind, ids), tf.gather(meaning.inside, ids)
        # A previous O has another type, so the comparison of types also covers the entity after it.
        breaks = (
            tf.gather(meaning.opens, ids)
            | tf.gather(meaning.closes, previous)
            | (kind != tf.gather(meaning.kind, previous))
        )
        start = inside & breaks
        goes_on = tf.pad(inside & ~start, [[0, 0], [0, 1]])[:, 1:]
        return cls(kind, inside, start, inside & ~goes_on)


def _found(actual: _Entities, predicted: _Entities) -> tf.Tensor:
    """Bool [batch, time]: at the first token of each actual entity, whether it was predicted."""
    differs = (actual.kind != predicted.kind) | (actual.start != predicted.start) | (actual.end != predicted.end)
    # Entities are numbered through the whole batch, so that "differs nowhere in it" is one sum a number. An O bears the
    # number of the entity before it, and is not counted against it.
    number = tf.cumsum(tf.cast(tf.reshape(actual.start, [-1]), tf.int32))
    faults = tf.cast(tf.reshape(actual.inside & differs, [-1]), tf.int32)
    faults = tf.gather(tf.math.unsorted_segment_sum(faults, number, tf.size(number) + 1), number)
    return actual.start & (tf.reshape(faults, tf.shape(actual.start)) == 0)


def _scores(prefix: str, true_positives: tf.Tensor, predicted: tf.Tensor, actual: tf.Tensor) -> dict[str, tf.Tensor]:
    return {
        f"{prefix}f1": tf.math.divide_no_nan(2 * true_positives, predicted + actual),
        f"{prefix}precision": tf.math.divide_no_nan(true_positives, predicted),
        f"{prefix}recall": tf.math.divide_no_nan(true_positives, actual),
    }
