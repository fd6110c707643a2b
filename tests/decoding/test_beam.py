import numpy as np
import pytest
import tensorflow as tf
from prefix_tables import PrefixTable, textbook

from zoo import decoding

END = 2


def search(table, tables, **arguments):
    return decoding.beam_search(table.step, [0] * len(tables), table.state(tables), **arguments)


def rows_of(beams, row):
    tokens, lengths = beams.tokens.numpy()[row], beams.lengths.numpy()[row]
    return [tuple(sequence[:length]) for sequence, length in zip(tokens, lengths, strict=True)]


def test_textbook():
    """Greedy search finds A B C <eos>, a beam of two the more probable A C B <eos>."""
    table = textbook()
    greedy = decoding.greedy(table.step, [0], table.state([0]), max_length=4, end=3)
    np.testing.assert_array_equal(greedy.tokens, [[0, 1, 2, 3]])
    np.testing.assert_allclose(np.exp(greedy.log_probabilities), [0.048], rtol=1e-5)
    beams = search(table, [0], max_length=4, end=3, beam_width=2, n_best=2)
    assert rows_of(beams, 0) == [(0, 2, 1, 3), (0, 1, 2, 3)]
    np.testing.assert_allclose(np.exp(beams.log_probabilities), [[0.054, 0.048]], rtol=1e-5)
    np.testing.assert_array_equal(beams.scores, beams.log_probabilities)


@pytest.mark.parametrize(("end", "alpha"), [(END, 0.0), (END, 0.8), (END, -1.0), (None, 0.5)])
def test_a_wide_beam_is_exact(end, alpha):
    table = PrefixTable.random(tables=3, vocabulary=3, depth=4)
    beams = search(table, [2, 0, 1], max_length=4, end=end, beam_width=81, n_best=5, length_penalty=alpha)
    for row, number in enumerate([2, 0, 1]):
        scores, log_probabilities, tokens = zip(*table.exhaustive(number, 4, end, alpha)[:5], strict=True)
        assert rows_of(beams, row) == list(tokens)
        np.testing.assert_allclose(beams.scores[row], scores, rtol=1e-5)
        np.testing.assert_allclose(beams.log_probabilities[row], log_probabilities, rtol=1e-5)


@pytest.mark.parametrize("alpha", [0.0, 1.0, -1.0, -3.0])
def test_a_narrow_beam_is_the_one_written_out(alpha):
    """The early stop changes nothing; beams wider than the vocabulary are allowed."""
    table = PrefixTable.random(tables=8, vocabulary=3, depth=5, seed=1)
    numbers = list(range(8))
    for width, n_best in ((1, 1), (2, 2), (4, 3)):
        beams = search(
            table, numbers, max_length=5, end=END, beam_width=width, n_best=n_best, length_penalty=alpha, pad=1
        )
        for row in numbers:
            wanted = table.beam(row, 5, END, alpha, width, n_best)
            assert rows_of(beams, row) == [tokens for _, _, tokens in wanted]
            np.testing.assert_allclose(beams.scores[row], [score for score, _, _ in wanted], rtol=1e-5)
        tail = tf.sequence_mask(beams.lengths, 5).numpy()
        assert np.all(beams.tokens.numpy()[~tail] == 1)


def test_rows_do_not_see_each_other():
    table = PrefixTable.random(tables=4, vocabulary=3, depth=5, seed=2)
    arguments = {"max_length": 5, "end": END, "beam_width": 2, "n_best": 2, "length_penalty": 0.7}
    together = search(table, [0, 1, 2, 3], **arguments)
    for row in range(4):
        for mine, all_of_them in zip(search(table, [row], **arguments), together, strict=True):
            np.testing.assert_allclose(mine[0], all_of_them[row], rtol=1e-6)


def test_stops_when_nothing_can_overtake():
    """The end token has probability 0.9 at once. What is left, 0.1, can only overtake if length is worth enough."""
    probabilities = np.full((1, 1, 2), [0.1, 0.9])
    table = PrefixTable(np.repeat(probabilities, 2**9, axis=1))
    beams = search(table, [0], max_length=9, end=1, beam_width=2)
    assert table.steps == 1
    assert rows_of(beams, 0) == [(1,)]
    table.steps = 0
    search(table, [0], max_length=9, end=1, beam_width=2, n_best=2)
    assert table.steps == 2
    table.steps = 0
    search(table, [0], max_length=9, end=1, beam_width=2, length_penalty=6.0)
    assert table.steps > 1


def test_what_the_search_leaves_does_not_compete():
    """With a strongly negative penalty nothing longer can overtake the sequence of one token that ended."""
    table = PrefixTable(np.broadcast_to([0.55, 0.45], (1, 2**5, 2)))
    beams = search(table, [0], max_length=5, end=1, beam_width=2, length_penalty=-10.0)
    assert table.steps == 1
    assert rows_of(beams, 0) == [(1,)]
    np.testing.assert_allclose(beams.scores, [[np.log(0.45)]], rtol=1e-5)


def test_fewer_sequences_than_asked_for():
    """Two tokens, one of which ends: in two steps there are three sequences."""
    table = PrefixTable.random(tables=1, vocabulary=2, depth=2)
    beams = search(table, [0], max_length=2, end=1, beam_width=6, n_best=5, pad=0)
    assert sorted(rows_of(beams, 0)) == [(), (), (0, 0), (0, 1), (1,)]
    assert beams.lengths.numpy()[0, 3:].tolist() == [0, 0]
    assert np.all(beams.tokens.numpy()[0, 3:] == 0)
    assert np.all(np.isneginf(beams.scores.numpy()[0, 3:]))


def test_one_token_only():
    table = PrefixTable(np.ones((1, 3, 1)))
    beams = search(table, [0], max_length=3, beam_width=2)
    assert rows_of(beams, 0) == [(0, 0, 0)]
    assert beams.scores.numpy().tolist() == [[0.0]]


def test_ties_give_different_sequences_in_order():
    table = PrefixTable(np.full((1, 40, 3), 1 / 3))
    beams = search(table, [0], max_length=3, beam_width=3, n_best=3)
    assert rows_of(beams, 0) == [(0, 0, 0), (0, 0, 1), (0, 0, 2)]
    beams = search(table, [0], max_length=3, beam_width=3, n_best=1, end=0)
    assert rows_of(beams, 0) == [(0,)]


def test_no_rows():
    table = PrefixTable.random(tables=1, vocabulary=3, depth=3)
    assert search(table, [], max_length=3, beam_width=2, n_best=2, end=0).tokens.shape == (0, 2, 3)


def test_adjusted_logits_rank_and_the_models_own_are_told():
    table = PrefixTable.random(tables=2, vocabulary=4, depth=3)
    beams = search(
        table, [0, 1], max_length=3, end=END, beam_width=3, n_best=3, adjust=decoding.forbidding([1], before=2)
    )
    for row in range(2):
        for tokens in rows_of(beams, row):
            assert 1 not in tokens[:2]
        wanted = [table.log_probability(row, tokens) for tokens in rows_of(beams, row)]
        np.testing.assert_allclose(beams.log_probabilities[row], wanted, rtol=1e-5)
        assert np.all(beams.scores[row] >= beams.log_probabilities[row] - 1e-5)  # what is left was renormalised
    allowed = table.probabilities[0, 0].copy()
    allowed[1] = 0
    first = decoding.beam_search(
        table.step, [0], table.state([0]), max_length=1, beam_width=1, adjust=decoding.forbidding([1])
    )
    np.testing.assert_allclose(np.exp(first.scores[0, 0]), allowed.max() / allowed.sum(), rtol=1e-5)
    np.testing.assert_allclose(np.exp(first.log_probabilities[0, 0]), allowed.max(), rtol=1e-5)
    greedy = decoding.greedy(table.step, [0], table.state([0]), max_length=1, adjust=decoding.forbidding([1]))
    np.testing.assert_allclose(first.log_probabilities[0], greedy.log_probabilities, rtol=1e-5)


def test_where_there_is_no_sequence_there_is_no_probability():
    table = PrefixTable.random(tables=1, vocabulary=2, depth=2)
    beams = search(table, [0], max_length=2, end=1, beam_width=6, n_best=5, adjust=decoding.forbidding([1], before=1))
    assert beams.lengths.numpy().tolist() == [[2, 2, 0, 0, 0]]
    assert np.isneginf(beams.log_probabilities.numpy()[0, 2:]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"max_length": 0, "beam_width": 1}, "`max_length` must be at least 1, got 0"),
        ({"max_length": 2, "beam_width": 2, "n_best": 3}, "between 1 and `beam_width`, got 3 of 2"),
        ({"max_length": 2, "beam_width": 2, "n_best": 0}, "got 0 of 2"),
    ],
)
def test_what_cannot_be_searched_for(arguments, message):
    table = PrefixTable.random(tables=1, vocabulary=3, depth=2)
    with pytest.raises(ValueError, match=message):
        search(table, [0], **arguments)
