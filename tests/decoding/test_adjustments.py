import numpy as np
import pytest
import tensorflow as tf
from prefix_tables import PrefixTable

from zoo import decoding

LOGITS = tf.constant([[1.0, -2.0, 3.0, 0.0], [1.0, -2.0, 3.0, 0.0]])
TOKENS = tf.constant([[2, 1, 0], [0, 0, 3]])


def test_forbidden_tokens():
    adjusted = decoding.forbidding([0, 3])(LOGITS, TOKENS, tf.constant(0)).numpy()
    assert np.all(np.isneginf(adjusted[:, [0, 3]]))
    np.testing.assert_array_equal(adjusted[:, 1:3], LOGITS.numpy()[:, 1:3])
    with pytest.raises(ValueError, match="at least one token"):
        decoding.forbidding([])


def test_no_end_in_the_first_steps():
    table = PrefixTable(np.broadcast_to([0.1, 0.2, 0.7], (1, 400, 3)))
    for least in (0, 1, 3):
        decoded = decoding.greedy(
            table.step, [0], table.state([0]), max_length=5, end=2, adjust=decoding.forbidding([2], before=least)
        )
        assert decoded.lengths.numpy().tolist() == [least + 1]


def test_repetition_penalty_counts_what_was_chosen():
    adjusted = decoding.repetition_penalty(2.0)(LOGITS, TOKENS, tf.constant(2))
    np.testing.assert_array_equal(adjusted, [[1.0, -4.0, 1.5, 0.0], [0.5, -2.0, 3.0, 0.0]])
    np.testing.assert_array_equal(decoding.repetition_penalty(2.0)(LOGITS, TOKENS, tf.constant(0)), LOGITS)


def test_in_turn():
    both = decoding.in_turn(decoding.forbidding([2]), decoding.repetition_penalty(2.0))
    adjusted = both(LOGITS, TOKENS, tf.constant(2)).numpy()
    np.testing.assert_array_equal(adjusted[:, [0, 1, 3]], [[1.0, -4.0, 0.0], [0.5, -2.0, 0.0]])
    assert np.all(np.isneginf(adjusted[:, 2]))


def test_a_search_hands_over_the_tokens_so_far():
    seen = []

    def adjust(logits, tokens, time):
        seen.append((tokens.numpy().tolist(), int(time)))
        return logits

    table = PrefixTable(np.broadcast_to([0.1, 0.2, 0.7], (1, 400, 3)))
    decoding.greedy(table.step, [0], table.state([0]), max_length=3, adjust=adjust)
    decoding.beam_search(table.step, [0], table.state([0]), max_length=3, beam_width=1, adjust=adjust)
    assert seen == 2 * [([[0, 0, 0]], 0), ([[2, 0, 0]], 1), ([[2, 2, 0]], 2)]
