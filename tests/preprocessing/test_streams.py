import numpy as np
import tensorflow as tf

from zoo.preprocessing import streams


def records(*lengths):
    """Texts whose inputs count on from 1; each target is the input that follows, plus 100."""
    first, made = 1, []
    for length in lengths:
        made.append(list(range(first, first + length)))
        first += length
    ragged = tf.ragged.constant(made, dtype=tf.int32)
    return tf.data.Dataset.from_tensor_slices({"inputs": ragged, "targets": ragged + 100})


def joined(dataset, name):
    return np.concatenate([batch[name] for batch in dataset.as_numpy_iterator()], axis=1)


def test_rows_hold_every_token_once_and_in_order():
    (batch,) = streams.side_by_side(records(5, 1, 8), 3, shortest=2).as_numpy_iterator()
    assert batch["inputs"].tolist() == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13, 14, 0]]
    assert batch["targets"].tolist() == [[101, 102, 103, 104, 105], [106, 107, 108, 109, 110], [111, 112, 113, 114, 0]]


def test_short_texts_make_fewer_rows():
    (batch,) = streams.side_by_side(records(3), 16, shortest=8).as_numpy_iterator()
    assert batch["inputs"].tolist() == [[1, 2, 3]]


def test_a_shift_turns_the_whole():
    (batch,) = streams.side_by_side(records(6), 2, shortest=1, shift=2).as_numpy_iterator()
    assert batch["inputs"].tolist() == [[5, 6, 1], [2, 3, 4]]
    assert batch["targets"].tolist() == [[105, 106, 101], [102, 103, 104]]


def test_a_lead_is_read_but_not_judged():
    (batch,) = streams.side_by_side(records(7), 2, shortest=1, lead=2).as_numpy_iterator()
    assert batch["inputs"].tolist() == [[0, 0, 1, 2, 3, 4], [3, 4, 5, 6, 7, 0]]
    assert batch["targets"].tolist() == [[0, 0, 101, 102, 103, 104], [0, 0, 105, 106, 107, 0]]


def test_windows_follow_each_other():
    batches = streams.side_by_side(records(9), 2, shortest=1)
    cut = streams.windows(batches, 2)
    assert [batch["fresh"].tolist() for batch in cut.as_numpy_iterator()] == [[True] * 2, [False] * 2, [False] * 2]
    assert [batch["inputs"].shape for batch in cut.as_numpy_iterator()] == [(2, 2), (2, 2), (2, 1)]
    evenly = streams.windows(batches, 4)  # not four and one
    assert [batch["inputs"].shape for batch in evenly.as_numpy_iterator()] == [(2, 3), (2, 2)]
    np.testing.assert_array_equal(joined(cut, "inputs"), joined(batches, "inputs"))
    np.testing.assert_array_equal(joined(cut, "targets"), joined(batches, "targets"))
