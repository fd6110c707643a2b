"""One token after another: the best one, or one drawn at random.

`keras_hub.samplers` would serve, but that its temperature, k and p are fixed when a sampler is made and its seed is a
variable, so that no request can bring them; that it divides by the temperature; that rows which have ended go on being
written; that no probabilities come back; and that importing it costs more than a second. Its beam search neither keeps
beams that have ended nor knows a length penalty. Where it can be compared, the tokens are the same.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from zoo.decoding.step import Adjust, State, Step, advance, as_state, check_length

Number = float | tf.Tensor


class Decoded(NamedTuple):
    """One sequence of tokens a row.

    Attributes:
        tokens: int32 `[rows, max_length]`: the tokens chosen, the end token included, then padding.
        lengths: int32 `[rows]`: how many were chosen, the end token included.
        log_probabilities: float32 `[rows]`: natural logarithm of the sequence's probability under the model as it
            is: before `adjust`, temperature, top-k and top-p.
    """

    tokens: tf.Tensor
    lengths: tf.Tensor
    log_probabilities: tf.Tensor


def greedy(
    step: Step,
    first: tf.Tensor,
    state: State,
    *,
    max_length: int | tf.Tensor,
    end: int | tf.Tensor | None = None,
    pad: int = 0,
    adjust: Adjust | None = None,
) -> Decoded:
    """Takes the most probable token at every step; among equals the one of the lowest id.

    Args:
        step: The model's step.
        first: int32 `[rows]`, the token that the first step reads (a begin token, the last one of a prompt). It is no
            part of the result.
        state: What the first step reads.
        max_length: At most so many tokens are chosen. XLA needs an integer.
        end: The token that ends a row; None chooses `max_length` tokens. The loop stops when all rows have ended.
        pad: What follows the end; a token that `step` can read.
        adjust: Changes the logits of every step; see `zoo.decoding.Adjust`.

    Returns:
        The sequences.

    Raises:
        ValueError: `max_length` below 1, or a step that returns another state than it takes.
    """

    def best(logits: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
        del time
        return tf.argmax(logits, axis=-1, output_type=tf.int32)

    return _generate(best, step, first, state, max_length=max_length, end=end, pad=pad, adjust=adjust)


def sample(
    step: Step,
    first: tf.Tensor,
    state: State,
    *,
    max_length: int | tf.Tensor,
    seed: int | tf.Tensor,
    temperature: Number = 1.0,
    top_k: int | tf.Tensor | None = None,
    top_p: Number | None = None,
    end: int | tf.Tensor | None = None,
    pad: int = 0,
    adjust: Adjust | None = None,
) -> Decoded:
    """Draws every token from the model's distribution, sharpened or cut as `draw` says.

    The random numbers are a function of the seed, the step and the row's place: the same call gives the same tokens.

    Args:
        step: As `greedy`.
        first: As `greedy`.
        state: As `greedy`.
        max_length: As `greedy`.
        seed: Integer, scalar.
        temperature: As `draw`.
        top_k: As `draw`.
        top_p: As `draw`.
        end: As `greedy`.
        pad: As `greedy`.
        adjust: As `greedy`.

    Returns:
        The sequences.

    Raises:
        ValueError: As `greedy` and `draw`.
    """
    seed = tf.cast(seed, tf.int64)

    def generated(top_k: int | tf.Tensor | None, top_p: Number | None) -> Decoded:
        def drawn(logits: tf.Tensor, time: tf.Tensor) -> tf.Tensor:
            return _drawn(logits, tf.stack([seed, tf.cast(time, tf.int64)]), temperature, top_k, top_p)

        return _generate(drawn, step, first, state, max_length=max_length, end=end, pad=pad, adjust=adjust)

    _check(temperature=temperature, top_k=top_k, top_p=top_p)
    return _limited(generated, top_k, top_p)


def draw(
    logits: tf.Tensor,
    seed: tf.Tensor,
    *,
    temperature: Number = 1.0,
    top_k: int | tf.Tensor | None = None,
    top_p: Number | None = None,
) -> tf.Tensor:
    """Draws one token a row from softmax(logits / temperature), by the Gumbel-max trick.

    `argmax(logits + temperature * g)`, with independent g of the Gumbel distribution, is such a draw (Gumbel 1954;
    Maddison, Tarlow & Minka 2014, "A* Sampling", section 2). At temperature 0 it is the most probable token, and
    nothing is divided by zero.

    Args:
        logits: float `[rows, vocabulary]`; minus infinity is never drawn.
        seed: Integer `[2]`.
        temperature: 0 or above, scalar or `[rows]`.
        top_k: Only so many tokens of highest probability may be drawn (Fan, Lewis & Dauphin 2018, "Hierarchical Neural
            Story Generation"); scalar or `[rows]`, None or 0 for all.
        top_p: Only the fewest tokens of highest probability may be drawn whose probabilities (at this temperature,
            among those of `top_k`) sum to this (Holtzman et al. 2020, "The Curious Case of Neural Text Degeneration");
            scalar or `[rows]`, None or 1 for all. The most probable one always may.

    Returns:
        int32 `[rows]`.

    Raises:
        ValueError: A number (not a tensor) out of its range.
    """
    _check(temperature=temperature, top_k=top_k, top_p=top_p)
    return _limited(lambda top_k, top_p: _drawn(logits, seed, temperature, top_k, top_p), top_k, top_p)


def _limited(
    make: Callable[[int | tf.Tensor | None, Number | None], Any], top_k: int | tf.Tensor | None, top_p: Number | None
) -> Any:
    """Returns `make(top_k, top_p)`, or `make(None, None)` where these leave no token out.

    To put all tokens in order costs more than the rest of a draw. Tensors, which is what an export gets, show only when
    the graph runs whether it is needed; so the graph has both, as branches. A loop stands within each, because a branch
    within the loop would cost something in every step.
    """
    known, unknown = [], []
    if isinstance(top_k, int):
        known.append(top_k > 0)
    elif top_k is not None:
        unknown.append(tf.reduce_any(tf.cast(top_k, tf.int32) > 0))
    if isinstance(top_p, (int, float)):
        known.append(top_p < 1.0)
    elif top_p is not None:
        unknown.append(tf.reduce_any(tf.cast(top_p, tf.float32) < 1.0))
    if any(known):
        return make(top_k, top_p)
    if not unknown:
        return make(None, None)
    return tf.cond(tf.reduce_any(unknown), lambda: make(top_k, top_p), lambda: make(None, None))


def _drawn(
    logits: tf.Tensor,
    seed: tf.Tensor,
    temperature: Number,
    top_k: int | tf.Tensor | None,
    top_p: Number | None,
) -> tf.Tensor:
    """Draws; see `draw`."""
    logits = tf.cast(logits, tf.float32)
    temperature = _column(temperature, tf.float32)
    top_k = None if isinstance(top_k, int) and top_k == 0 else top_k
    uniform, order = _uniform(tf.shape(logits), seed), None
    if top_k is not None or top_p is not None:
        size = logits.shape[-1] or tf.shape(logits)[-1]
        logits, order = tf.math.top_k(logits, tf.minimum(top_k, size) if isinstance(top_k, int) else size)
        logits = tf.where(_may_be_drawn(logits, temperature, top_k, top_p), logits, float("-inf"))
        uniform = tf.gather(uniform, order, batch_dims=1)  # a token has the same noise, whatever else may be drawn
    gumbel = -tf.math.log(-tf.math.log(uniform))
    choice = tf.argmax(logits + temperature * gumbel, axis=-1, output_type=tf.int32)
    return choice if order is None else tf.gather(order, choice, batch_dims=1)


def _uniform(shape: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Returns float32 random numbers between 0 and 1, both excluded, the same ones on every device and under XLA."""
    # The bits are if the generator is named; of the same bits, `stateless_uniform` makes other floats under XLA.
    bits = tf.random.stateless_uniform(shape, seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox")
    # 23 bits and a half are exact in float32, and neither 0 nor 1.
    return (tf.cast(tf.bitwise.right_shift(bits, 9), tf.float32) + 0.5) * 2.0**-23


def _may_be_drawn(
    logits: tf.Tensor, temperature: tf.Tensor, top_k: int | tf.Tensor | None, top_p: Number | None
) -> tf.Tensor:
    """Returns bool `[rows, tokens]` for logits in falling order."""
    place = tf.range(tf.shape(logits)[1])
    kept = tf.fill(tf.shape(logits), True)
    if top_k is not None:
        top_k = _column(top_k, tf.int32)
        kept = (place < top_k) | (top_k <= 0)
    if top_p is None:
        return kept
    top_p = _column(top_p, tf.float32)
    # Near temperature 0 differences overflow to minus infinity, which is what they ought to be.
    sharpened = (logits - logits[:, :1]) / tf.maximum(temperature, 1e-30)
    probabilities = tf.nn.softmax(tf.where(kept, sharpened, float("-inf")))
    before = tf.cumsum(probabilities, axis=-1, exclusive=True)
    # A sum of all probabilities may round to 1 before the last token.
    return kept & ((before < top_p) | (top_p >= 1.0) | (place == 0))


def _check(*, temperature: Number, top_k: int | tf.Tensor | None, top_p: Number | None) -> None:
    numbers = {"temperature": (temperature, 0.0, float("inf")), "top_k": (top_k, 0, 2**31), "top_p": (top_p, 0.0, 1.0)}
    for name, (value, least, most) in numbers.items():
        if isinstance(value, (int, float)) and not least <= value <= most:
            raise ValueError(f"`{name}` must be between {least} and {most}, got {value}")


def _column(value: Number, dtype: tf.DType) -> tf.Tensor:
    """Returns a scalar as `[1, 1]`, `[rows]` as `[rows, 1]`."""
    return tf.reshape(tf.cast(value, dtype), [-1, 1])


def _generate(
    choose: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    step: Step,
    first: tf.Tensor,
    state: State,
    *,
    max_length: int | tf.Tensor,
    end: int | tf.Tensor | None,
    pad: int,
    adjust: Adjust | None,
) -> Decoded:
    """Runs `choose(logits, time)` after every step until all rows have ended."""
    check_length(max_length)
    end = None if end is None else tf.cast(end, tf.int32)
    first = tf.cast(first, tf.int32)
    rows = tf.shape(first)[0]
    # Written whole before the loop, so that what the loop never reaches is padding.
    chosen = tf.TensorArray(tf.int32, max_length, element_shape=first.shape, clear_after_read=False)
    chosen = chosen.unstack(tf.fill([max_length, rows], pad))

    def unfinished(time: tf.Tensor, token: tf.Tensor, state: State, decoded: Decoded, ended: tf.Tensor) -> tf.Tensor:
        del token, state, decoded
        return time < max_length if end is None else (time < max_length) & ~tf.reduce_all(ended)

    def one_more(time: tf.Tensor, token: tf.Tensor, state: State, decoded: Decoded, ended: tf.Tensor) -> tuple:
        logits, state = advance(step, token, state)
        adjusted = logits if adjust is None else adjust(logits, tf.transpose(decoded.tokens.stack()), time)
        token = choose(adjusted, time)
        gained = tf.gather(logits, token, batch_dims=1) - tf.reduce_logsumexp(logits, axis=-1)
        going = ~ended
        if end is not None:
            token = tf.where(going, token, pad)
            gained = tf.where(going, gained, 0.0)
            ended = ended | (token == end)
        token.set_shape(first.shape)
        decoded = Decoded(
            decoded.tokens.write(time, token),
            decoded.lengths + tf.cast(going, tf.int32),
            decoded.log_probabilities + gained,
        )
        return time + 1, token, state, decoded, ended

    none = Decoded(chosen, tf.zeros_like(first), tf.zeros_like(first, tf.float32))
    start = (tf.constant(0), first, as_state(state), none, tf.zeros_like(first, tf.bool))
    *_, decoded, _ = tf.while_loop(unfinished, one_more, start)
    tokens = tf.transpose(decoded.tokens.stack())
    tokens.set_shape([first.shape[0], max_length if isinstance(max_length, int) else None])
    return decoded._replace(tokens=tokens)
