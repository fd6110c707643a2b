import numpy as np
import pytest
import tensorflow as tf
from prefix_tables import PrefixTable

from zoo import decoding

PROBABILITIES = np.array([0.05, 0.5, 0.15, 0.3])
ROWS = 20_000
CRITICAL = 16.27  # of the chi-square distribution with 3 degrees of freedom, at 0.001


def drawn(logits=None, seed=(1, 2), rows=ROWS, **arguments):
    logits = np.log(PROBABILITIES) if logits is None else logits
    logits = np.broadcast_to(logits, (rows, np.shape(logits)[-1])).astype("float32")
    return decoding.draw(logits, tf.constant(seed), **arguments).numpy()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_frequencies_are_those_of_the_softmax(temperature):
    wanted = PROBABILITIES ** (1 / temperature)
    wanted = ROWS * wanted / wanted.sum()
    counts = np.bincount(drawn(temperature=temperature), minlength=4)
    assert np.sum((counts - wanted) ** 2 / wanted) < CRITICAL


def test_cut_distributions_are_renormalised():
    wanted = ROWS * np.array([0, 0.5, 0.15, 0.3]) / 0.95
    for arguments in ({"top_k": 3}, {"top_p": 0.9}):
        counts = np.bincount(drawn(**arguments), minlength=4)
        assert counts[0] == 0
        assert np.sum((counts - wanted)[1:] ** 2 / wanted[1:]) < CRITICAL


@pytest.mark.parametrize(
    ("arguments", "support"),
    [
        ({"top_k": 1}, {1}),
        ({"top_k": 2}, {1, 3}),
        ({"top_k": 9}, {0, 1, 2, 3}),
        ({"top_k": 0}, {0, 1, 2, 3}),
        ({"top_p": 0.0}, {1}),
        ({"top_p": 0.49}, {1}),
        ({"top_p": 0.51}, {1, 3}),
        ({"top_p": 0.81}, {1, 2, 3}),
        ({"top_p": 1.0}, {0, 1, 2, 3}),
        ({"top_k": 2, "top_p": 0.6}, {1}),  # 0.5 of 0.8
        ({"top_k": 2, "top_p": 0.65}, {1, 3}),
        ({"top_p": 0.51, "temperature": 0.5}, {1}),
        ({"top_p": 0.51, "temperature": 3.0}, {1, 3}),
        ({"temperature": 0.0}, {1}),
        ({"temperature": 0.0, "top_p": 0.9, "top_k": 3}, {1}),
    ],
)
def test_what_may_be_drawn(arguments, support):
    assert set(drawn(**arguments)) == support
    tensors = {name: tf.constant(value) for name, value in arguments.items()}
    np.testing.assert_array_equal(drawn(**tensors), drawn(**arguments))


def test_tokens_are_put_in_order_only_where_some_may_not_be_drawn():
    def operations(**limits):
        graph = tf.function(lambda logits: decoding.draw(logits, [1, 2], **limits), autograph=False)
        concrete = graph.get_concrete_function(tf.TensorSpec([None, 4], tf.float32))
        return {operation.type for operation in concrete.graph.get_operations()}

    assert "TopKV2" in operations(top_k=2)
    assert "TopKV2" in operations(top_p=0.5)
    for limits in ({}, {"top_k": 0}, {"top_p": 1.0}, {"top_k": 0, "top_p": 1}):
        assert not operations(**limits) & {"TopKV2", "If", "StatelessIf"}
    undecided = operations(top_k=tf.Variable(0), top_p=tf.Variable(1.0))
    assert undecided & {"If", "StatelessIf"}
    assert "TopKV2" not in undecided


@pytest.mark.parametrize(("top_k", "top_p"), [(0, 1.0), (2, 1.0), (0, 0.6), (3, 0.8)])
def test_texts_are_the_same_whether_limits_are_numbers_or_tensors(top_k, top_p):
    table = PrefixTable.random(tables=3, vocabulary=4, depth=5)
    rows = [0, 1, 2] * 20

    def text(**limits):
        return decoding.sample(table.step, [0] * 60, table.state(rows), max_length=5, seed=3, end=1, **limits)

    wanted = text(top_k=top_k or None, top_p=top_p if top_p < 1.0 else None)
    for found in (text(top_k=top_k, top_p=top_p), text(top_k=tf.constant(top_k), top_p=tf.constant(top_p))):
        for part, right in zip(found, wanted, strict=True):
            np.testing.assert_array_equal(part, right)


def test_every_row_may_have_numbers_of_its_own():
    per_row = {"temperature": [0.0, 1.0, 1.0, 1.0], "top_k": [0, 1, 2, 0], "top_p": [1.0, 1.0, 1.0, 0.9]}
    rows = drawn(rows=1200, **{name: tf.constant(numbers * 300) for name, numbers in per_row.items()})
    assert [set(rows[number::4]) for number in range(4)] == [{1}, {1}, {1, 3}, {1, 2, 3}]


def test_ties_are_cut_to_the_number_asked_for():
    assert set(drawn(np.zeros(5), top_k=2)) == {0, 1}
    assert set(drawn(np.zeros(5), top_p=0.3)) == {0, 1}


def test_the_impossible_is_never_drawn():
    logits = np.array([-np.inf, 0.0, -np.inf, -80.0])
    for arguments in ({}, {"temperature": 50.0}, {"top_k": 3, "temperature": 50.0}, {"top_p": 1.0}):
        assert set(drawn(logits, **arguments)) <= {1, 3}


def test_a_seed_repeats_and_the_batch_does_not_matter():
    table = PrefixTable.random(tables=3, vocabulary=4, depth=5)

    def text(seed, rows):
        return decoding.sample(table.step, [0] * rows, table.state([0] * rows), max_length=5, seed=seed).tokens.numpy()

    np.testing.assert_array_equal(text(1, 8), text(1, 8))
    np.testing.assert_array_equal(text(1, 8), text(tf.constant(1), 30)[:8])
    assert not np.array_equal(text(1, 8), text(2, 8))
    assert len({tuple(row) for row in text(1, 8)}) > 1


def test_steps_of_a_row_are_independent():
    table = PrefixTable(np.full((1, 2**6, 2), 0.5))
    tokens = decoding.sample(table.step, [0] * 4000, table.state([0] * 4000), max_length=6, seed=5).tokens.numpy()
    correlation = np.corrcoef(tokens.T) - np.eye(6)
    assert np.abs(correlation).max() < 0.06
    assert abs(tokens.mean() - 0.5) < 0.02


def test_the_end_pads_and_stops():
    table = PrefixTable.random(tables=40, vocabulary=3, depth=6, seed=3)
    rows = list(range(40))
    whole = decoding.sample(table.step, [0] * 40, table.state(rows), max_length=6, seed=1)
    assert np.all(whole.lengths.numpy() == 6)
    ended = decoding.sample(table.step, [0] * 40, table.state(rows), max_length=6, seed=1, end=2, pad=1)
    for row in rows:
        tokens = whole.tokens.numpy()[row].tolist()
        length = tokens.index(2) + 1 if 2 in tokens else 6
        assert ended.lengths.numpy()[row] == length
        assert ended.tokens.numpy()[row].tolist() == tokens[:length] + [1] * (6 - length)
        wanted = table.log_probability(row, tokens[:length])
        np.testing.assert_allclose(ended.log_probabilities[row], wanted, rtol=1e-5)
    early = PrefixTable(np.broadcast_to([0.0, 0.0, 1.0], (1, 400, 3)))
    tokens, lengths, _ = decoding.greedy(early.step, [0, 1], early.state([0, 0]), max_length=6, end=2)
    assert early.steps == 1
    assert tokens.numpy().tolist() == [[2, 0, 0, 0, 0, 0]] * 2
    assert lengths.numpy().tolist() == [1, 1]


def test_temperature_zero_is_greedy():
    table = PrefixTable.random(tables=5, vocabulary=4, depth=5)
    first, rows = [0] * 5, list(range(5))
    greedy = decoding.greedy(table.step, first, table.state(rows), max_length=5, end=0)
    cold = decoding.sample(table.step, first, table.state(rows), max_length=5, end=0, temperature=0.0, seed=9)
    for mine, wanted in zip(cold, greedy, strict=True):
        np.testing.assert_array_equal(mine, wanted)
    for row in rows:
        node, tokens = 0, greedy.tokens.numpy()[row]
        for token in tokens[: greedy.lengths.numpy()[row]]:
            assert token == table.log[row, node].argmax()
            node = node * 4 + 1 + token


def test_no_rows():
    table = PrefixTable.random(tables=1, vocabulary=3, depth=3)
    nothing = decoding.greedy(table.step, tf.zeros([0], tf.int32), table.state([]), max_length=3, end=1)
    assert nothing.tokens.shape == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"temperature": -1.0}, "`temperature` must be between 0.0 and inf, got -1.0"),
        ({"top_k": -2}, "`top_k` must be between 0"),
        ({"top_p": 1.5}, "`top_p` must be between 0.0 and 1.0, got 1.5"),
    ],
)
def test_numbers_out_of_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        drawn(**arguments)


def test_a_step_that_loses_its_state_is_refused():
    def step(tokens, state):
        return tf.zeros([2, 3]), tf.cast(state, tf.float16)

    with pytest.raises(ValueError, match=r"took float32 \(2, 4\) and returned float16 \(2, 4\)"):
        decoding.greedy(step, [0, 0], tf.zeros([2, 4]), max_length=2)
    with pytest.raises(ValueError, match="`max_length` must be at least 1, got 0"):
        decoding.greedy(step, [0, 0], tf.zeros([2, 4]), max_length=0)
