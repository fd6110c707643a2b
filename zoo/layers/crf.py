"""A linear-chain conditional random field on top of any emissions, and the loss that trains it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from zoo.decoding.linear_chain import FORBIDDEN, log_partition, path_score


@keras.saving.register_keras_serializable(package="zoo")
class CRF(keras.layers.Layer):
    """Linear-chain conditional random field (Lafferty et al. 2001; Lample et al. 2016, equation 1).

    The score of a path of tags ``y`` under the emissions ``P`` is
    ``start[y_1] + sum_t P[t, y_t] + sum_t A[y_t-1, y_t] + end[y_T]``. The layer turns emissions into the *potentials*
    of the chain: one matrix a step, which holds all of these scores, the constraints and the padding (the conventions
    are those of `zoo.decoding.linear_chain`). What is then wanted is a pure function of that one tensor: `CRFLoss`
    trains it, `zoo.decoding.viterbi` decodes it, `zoo.decoding.marginals` says how sure it is.

    ```python
    tokens = keras.Input([None], dtype="int32")
    x = keras.layers.Embedding(10_000, 100, mask_zero=True)(tokens)
    x = zoo.layers.Bidirectional(zoo.layers.LSTM(100, return_sequences=True))(x)
    model = keras.Model(tokens, zoo.layers.CRF(num_tags)(keras.layers.Dense(num_tags)(x)))
    model.compile("adam", loss=zoo.layers.CRFLoss())
    model.fit(token_ids, tag_ids)  # tag_ids is -1 at padding
    best_tags, score = zoo.decoding.viterbi(model(token_ids))
    ```

    Args:
        num_tags: number of tags.
        allowed_start: bool [tags], which tags may come first. None allows all.
        allowed_transitions: bool [tags, tags], which tag (column) may follow which (row). None allows all.
        allowed_end: bool [tags], which tags may come last. None allows all.
        initializer: of the transition, start and end scores.
        regularizer: of the same three.
        dtype: "float32" or "float64". The default does not follow the global policy: sums of exponentials need
            float32, so under mixed precision the emissions are widened here.

    Raises:
        ValueError: if a constraint has the wrong shape or allows nothing, or `dtype` is too narrow.

    Input: float [batch, time, tags] emissions (logits), and the mask [batch, time] of the steps that are there, which
    Keras passes on by itself where the emissions carry one. Padding may stand anywhere.

    Output: [batch, time, tags, tags] potentials. They carry no mask: padding is in them.
    """

    def __init__(
        self,
        num_tags: int,
        allowed_start: Sequence[bool] | None = None,
        allowed_transitions: Sequence[Sequence[bool]] | None = None,
        allowed_end: Sequence[bool] | None = None,
        initializer: str | keras.initializers.Initializer = "zeros",
        regularizer: str | keras.regularizers.Regularizer | None = None,
        dtype: Any = "float32",
        **kwargs: Any,
    ) -> None:
        """Checks the constraints; weights come with `build`."""
        super().__init__(dtype=dtype, **kwargs)
        if self.compute_dtype not in ("float32", "float64"):
            raise ValueError(f"CRF computes in float32 or float64, but dtype={dtype!r} was asked for; leave it out.")
        if not isinstance(num_tags, int) or num_tags < 1:
            raise ValueError(f"CRF: num_tags must be a whole number above 0, got {num_tags!r}.")
        self.num_tags = num_tags
        self.allowed_start = _constraint("allowed_start", allowed_start, [num_tags])
        self.allowed_transitions = _constraint("allowed_transitions", allowed_transitions, [num_tags, num_tags])
        self.allowed_end = _constraint("allowed_end", allowed_end, [num_tags])
        self.initializer = keras.initializers.get(initializer)
        self.regularizer = keras.regularizers.get(regularizer)
        self.supports_masking = True

    def build(self, emissions_shape: tuple, mask_shape: tuple | None = None) -> None:
        """Creates the transition, start and end scores."""
        if len(emissions_shape) != 3 or emissions_shape[-1] != self.num_tags:
            raise ValueError(
                f"CRF {self.name!r} has num_tags={self.num_tags}, but its emissions have shape "
                f"{tuple(emissions_shape)}; the last dimension must be the number of tags."
            )
        self.transitions = self._add_scores("transitions", (self.num_tags, self.num_tags))
        self.start = self._add_scores("start", (self.num_tags,))
        self.end = self._add_scores("end", (self.num_tags,))

    def _add_scores(self, name: str, shape: tuple[int, ...]) -> keras.Variable:
        return self.add_weight(shape=shape, initializer=self.initializer, regularizer=self.regularizer, name=name)

    def call(self, emissions: tf.Tensor, mask: tf.Tensor | None = None) -> tf.Tensor:
        """Emissions [batch, time, tags] -> potentials [batch, time, tags, tags]."""
        real = tf.ones(tf.shape(emissions)[:2], tf.bool) if mask is None else tf.cast(mask, tf.bool)
        count = tf.cumsum(tf.cast(real, tf.int32), axis=1)
        last = real & (count == count[:, -1:])
        end = _forbid(tf.convert_to_tensor(self.end), self.allowed_end)
        scores = emissions + tf.where(last[:, :, tf.newaxis], end, tf.zeros_like(end))
        scores = tf.where(real[:, :, tf.newaxis], scores, tf.zeros_like(scores))
        # Three kinds of edges: into padding, into the first real step, into any other.
        edges = tf.stack([self._identity(), self._start_matrix(), self._transition_matrix()])
        kind = tf.where(real, tf.minimum(count, 2), 0)
        return tf.gather(edges, kind) + scores[:, :, tf.newaxis, :]

    def _transition_matrix(self) -> tf.Tensor:
        return _forbid(tf.convert_to_tensor(self.transitions), self.allowed_transitions)

    def _start_matrix(self) -> tf.Tensor:
        """The edge into the first real step: from tag 0, where every path begins, and from nowhere else."""
        start = _forbid(tf.convert_to_tensor(self.start), self.allowed_start)
        return tf.pad(start[tf.newaxis], [[0, self.num_tags - 1], [0, 0]], constant_values=FORBIDDEN)

    def _identity(self) -> tf.Tensor:
        """The edge into a step that is not there."""
        return tf.constant(FORBIDDEN * (1 - np.eye(self.num_tags)), self.compute_dtype)

    def compute_mask(self, emissions: tf.Tensor, previous_mask: tf.Tensor | None = None) -> None:
        """None: padding is in the potentials, and Keras would multiply the [batch] loss by a [batch, time] mask."""
        return

    def compute_output_shape(self, emissions_shape: tuple, mask_shape: tuple | None = None) -> tuple:
        """[batch, time, tags] -> [batch, time, tags, tags]."""
        return (*emissions_shape[:2], self.num_tags, self.num_tags)

    def get_config(self) -> dict[str, Any]:
        """The constructor's arguments."""
        return {
            **super().get_config(),
            "num_tags": self.num_tags,
            "allowed_start": self.allowed_start,
            "allowed_transitions": self.allowed_transitions,
            "allowed_end": self.allowed_end,
            "initializer": keras.initializers.serialize(self.initializer),
            "regularizer": keras.regularizers.serialize(self.regularizer),
        }


def _constraint(name: str, allowed: Any, shape: list[int]) -> Any:
    """Checks a constraint and returns it as plain nested lists, or None."""
    if allowed is None:
        return None
    array = np.asarray(allowed, bool)
    if list(array.shape) != shape:
        raise ValueError(f"CRF: {name} has shape {list(array.shape)}, but num_tags asks for {shape}.")
    if not array.any():
        raise ValueError(f"CRF: {name} allows no tag at all.")
    return array.tolist()


def _forbid(scores: tf.Tensor, allowed: Any) -> tf.Tensor:
    """Puts `FORBIDDEN` where a constraint says no; the weight there gets no gradient."""
    return scores if allowed is None else tf.where(tf.constant(allowed), scores, FORBIDDEN)


def negative_log_likelihood(potentials: tf.Tensor, tag_ids: tf.Tensor) -> tf.Tensor:
    """``-log P(tag_ids | potentials)`` of each sequence, in nats.

    Args:
        potentials: float [batch, time, tags, tags], the output of `CRF`.
        tag_ids: int [batch, time], negative at exactly the steps that the CRF's mask left out.

    Returns:
        float [batch]: 0 where every step is padding; about ``1e9`` for a path that a constraint forbids.
    """
    return log_partition(potentials) - path_score(potentials, tag_ids)


@keras.saving.register_keras_serializable(package="zoo")
class CRFLoss(keras.losses.Loss):
    """Negative log-likelihood of a tag sequence under the potentials that `CRF` returns, in nats a sequence.

    Args:
        reduction: as in every Keras loss. The default is the mean over sequences.
        name: name of the loss.
        dtype: dtype of the loss.
    """

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str = "crf_loss", dtype: Any = None
    ) -> None:
        """Takes what every Keras loss takes."""
        super().__init__(name=name, reduction=reduction, dtype=dtype)

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        """Tag ids [batch, time], negative at padding, and potentials [batch, time, tags, tags] -> [batch]."""
        # Keras casts labels to the loss's float type; tag ids are whole numbers that it represents exactly.
        return negative_log_likelihood(y_pred, tf.cast(y_true, tf.int32))
