"""Tag strings to the numbers a tagger learns, and its answers back to IOB2, in the graph."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import tensorflow as tf

_PLACES = ("B", "I", "E", "S")  # BIOES: begin, inside, end, single
_IOB2_PLACES = 2


class TagCodec(tf.Module):
    """Numbers tags in two schemes: the model's own (what the head scores) and the outer one (what people read).

    The outer scheme is IOB2: O is 0, and type k has B = 1 + 2k, I = 2 + 2k. Inside, IOB2 has the same numbers, BIOES
    has B, I, E, S = 1 + 4k, ..., 4 + 4k. Binary tags are 0 and 1 in both. The type after the last, `unseen_kind`,
    stands for all types that training did not have: evaluation counts their entities as missed.

    Attributes:
        scheme: `iob2`, `bioes` or `binary`.
        names: Tag names of the model's scheme; a tag's number is its place.
        outer_names: Tag names of the outer scheme.
        unseen_kind: How many types there are.
    """

    def __init__(self, entity_types: Sequence[str], scheme: str) -> None:
        """Lists the tags of both schemes.

        Args:
            entity_types: Types without prefix; ignored for `binary`.
            scheme: The model's scheme: `iob2`, `bioes` or `binary`.
        """
        super().__init__(name="tag_codec")
        self.scheme = scheme
        self.unseen_kind = len(entity_types)
        if scheme == "binary":
            self.names = self.outer_names = ["0", "1"]
            known = {"0": 0, "1": 1, "O": 0}
        else:
            places = _PLACES if scheme == "bioes" else _PLACES[:_IOB2_PLACES]
            self.names = ["O"] + [f"{place}-{kind}" for kind in entity_types for place in places]
            self.outer_names = ["O"] + [f"{place}-{kind}" for kind in entity_types for place in "BI"]
            known = {"O": 0, "0": 0}
            for number, kind in enumerate(entity_types):
                known |= {f"{place}-{kind}": 1 + 4 * number + p for p, place in enumerate(_PLACES)}
        table = tf.lookup.KeyValueTensorInitializer(tf.constant(list(known)), tf.constant(list(known.values())))
        self._read = tf.lookup.StaticHashTable(table, -1)

    def unseen(self, tags: tf.Tensor) -> tf.Tensor:
        """Whether a tag is none that training had: bool of the same shape, False for ""."""
        return tf.not_equal(tags, "") & (self._read.lookup(tags) < 0)

    def outer_ids(self, tags: tf.Tensor) -> tf.Tensor:
        """Numbers tag strings, in IOB1, IOB2, BIOES or a mixture, as conlleval reads them.

        Args:
            tags: Strings [batch, time], padded with "" on the right.

        Returns:
            Outer numbers, int32 [batch, time], always well-formed; -1 at padding.
        """
        different, which = tf.unique(tf.reshape(tags, [-1]))  # a few; strings are slow
        numbers = self._read.lookup(different)
        if self.scheme != "binary":
            place = sum(
                p * tf.cast(tf.strings.regex_full_match(different, f"{name}-.*"), tf.int32)
                for p, name in enumerate(_PLACES[1:], 1)
            )
            numbers = tf.where(numbers < 0, 1 + 4 * self.unseen_kind + place, numbers)
        numbers = tf.reshape(tf.gather(tf.where(tf.equal(different, ""), -1, numbers), which), tf.shape(tags))
        if self.scheme != "binary":
            numbers = tf.where(numbers < 0, -1, _well_formed(numbers, len(_PLACES)))
        return numbers

    def inner_ids(self, outer_ids: tf.Tensor) -> tf.Tensor:
        """Turns well-formed outer numbers [batch, time] (-1 at padding on the right) into the model's own."""
        if self.scheme != "bioes":
            return outer_ids
        following = tf.pad(outer_ids[:, 1:], [[0, 0], [0, 1]], constant_values=-1)
        kind = (outer_ids - 1) // 2
        inside = tf.equal(outer_ids, 2 + 2 * kind)
        goes_on = tf.equal(following, 2 + 2 * kind)
        place = tf.where(inside, tf.where(goes_on, 1, 2), tf.where(goes_on, 0, 3))
        return tf.where(outer_ids > 0, 1 + 4 * kind + place, outer_ids)

    def outer_from_inner(self, inner_ids: tf.Tensor) -> tf.Tensor:
        """Turns the model's numbers [batch, time] into outer ones that are always well-formed.

        A head without transitions (softmax) may answer I or E where no entity of that type is open: there an entity
        begins, as conlleval reads it.

        Args:
            inner_ids: int32 [batch, time]; padding becomes O.
        """
        if self.scheme == "binary":
            return tf.maximum(inner_ids, 0)
        return _well_formed(inner_ids, len(_PLACES) if self.scheme == "bioes" else _IOB2_PLACES)

    def outer_probabilities(self, probabilities: tf.Tensor) -> tf.Tensor:
        """Adds up what is one tag outside: [batch, time, inner tags] -> [batch, time, outer tags]."""
        if self.scheme != "bioes":
            return probabilities
        sums = np.zeros((len(self.names), len(self.outer_names)), np.float32)
        for number, name in enumerate(self.names):
            outer = name if name == "O" else ("B" if name[0] in "BS" else "I") + name[1:]
            sums[number, self.outer_names.index(outer)] = 1.0
        return tf.tensordot(probabilities, tf.constant(sums), 1)

    def outer_tags(self, outer_ids: tf.Tensor) -> tf.Tensor:
        """Names outer numbers: strings of the same shape."""
        return tf.gather(tf.constant(self.outer_names), outer_ids)


def _well_formed(numbers: tf.Tensor, places: int) -> tf.Tensor:
    """Reads tags of `places` a type as conlleval does, and returns IOB2 numbers; what is not above 0 becomes O."""
    kind, place = (numbers - 1) // places, (numbers - 1) % places  # of O and padding: no kind, the last place
    goes_on = (place == 1) | (place == 2)
    # The type of the entity that a token leaves open: after B and I, not after E and S.
    opened = tf.where((place < 2) & (numbers > 0), kind, -1)
    opened_before = tf.pad(opened[:, :-1], [[0, 0], [1, 0]], constant_values=-1)
    outer = 1 + 2 * kind + tf.cast(goes_on & (opened_before == kind), tf.int32)
    return tf.where(numbers > 0, outer, 0)
