"""Tag strings to the numbers a tagger learns, and its answers back to IOB2, in the graph."""

from __future__ import annotations

from collections.abc import Sequence

import tensorflow as tf

UNSEEN_TAG = -2
_PER_TYPE = {"iob2": ("B", "I"), "bioes": ("B", "I", "E", "S")}


class TagCodec(tf.Module):
    """Numbers tags in two schemes: the model's own (what the head scores) and the outer one (what people read).

    The outer scheme is IOB2: O is 0, and type k has B = 1 + 2k, I = 2 + 2k. Inside, IOB2 has the same numbers, BIOES
    has B, I, E, S = 1 + 4k, ..., 4 + 4k. Binary tags are 0 and 1 in both.

    Attributes:
        scheme: `iob2`, `bioes` or `binary`.
        names: Tag names of the model's scheme; a tag's number is its place.
        outer_names: Tag names of the outer scheme.
    """

    def __init__(self, entity_types: Sequence[str], scheme: str) -> None:
        """Lists the tags of both schemes.

        Args:
            entity_types: Types without prefix; ignored for `binary`.
            scheme: The model's scheme: `iob2`, `bioes` or `binary`.
        """
        super().__init__(name="tag_codec")
        self.scheme = scheme
        if scheme == "binary":
            self.names = self.outer_names = ["0", "1"]
        else:
            self.names = ["O"] + [f"{p}-{kind}" for kind in entity_types for p in _PER_TYPE[scheme]]
            self.outer_names = ["O"] + [f"{p}-{kind}" for kind in entity_types for p in _PER_TYPE["iob2"]]
        numbers = tf.range(len(self.outer_names), dtype=tf.int32)
        table = tf.lookup.KeyValueTensorInitializer(tf.constant(self.outer_names), numbers)
        self._outer_ids = tf.lookup.StaticHashTable(table, UNSEEN_TAG)

    def outer_ids(self, tags: tf.Tensor) -> tf.Tensor:
        """Numbers tag strings of the outer scheme: int32 of the same shape, -1 for "", -2 for a tag never seen."""
        return tf.where(tf.equal(tags, ""), -1, self._outer_ids.lookup(tags))

    def inner_ids(self, outer_ids: tf.Tensor) -> tf.Tensor:
        """Turns outer numbers [batch, time] (-1 at padding on the right) into the model's own."""
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
            inner_ids: int32 [batch, time]; values at padding do not matter.
        """
        if self.scheme == "binary":
            return inner_ids
        places = len(_PER_TYPE[self.scheme])
        kind, place = (inner_ids - 1) // places, (inner_ids - 1) % places  # of O and padding: no kind, the last place
        goes_on = (place == 1) | (place == 2)
        # The type of the entity that a token leaves open: after B and I, not after E and S.
        opened = tf.where(place < 2, kind, -1)
        opened_before = tf.pad(opened[:, :-1], [[0, 0], [1, 0]], constant_values=-1)
        outer = 1 + 2 * kind + tf.cast(goes_on & (opened_before == kind), tf.int32)
        return tf.where(inner_ids > 0, outer, 0)

    def outer_tags(self, outer_ids: tf.Tensor) -> tf.Tensor:
        """Names outer numbers: strings of the same shape."""
        return tf.gather(tf.constant(self.outer_names), outer_ids)
