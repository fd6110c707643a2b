import numpy as np
import tensorflow as tf

from zoo.preprocessing import batching, streams


def records(*lengths):
    """Texts whose inputs count on from 1; each target is the input that follows, plus 100."""
    first, made = 1, []
    for length in lengths:
        made.append(list(range(first, first + length)))
        first += length
    ragged = tf.ragged.constant(made, dtype=tf.int32)
    return tf.data.Dataset.from_tensor_slices({"inputs": ragged, "targets": ragged + 100})


def side_by_side(*arguments, **settings):
    """The one batch there is. Read as every task reads it: fused into a map, a batch costs its greatest size."""
    (batch,) = batching.streamed(streams.side_by_side(*arguments, **settings)).as_numpy_iterator()
    return batch


def joined(batches, name):
    return np.concatenate([batch[name] for batch in batches], axis=1)


def test_rows_hold_every_token_once_and_in_order():
    batch = side_by_side(records(5, 1, 8), 3, shortest=2)
    assert batch["inputs"].tolist() == [[1, 2, 3, 4, 5], [6, 7, 8, 9, 10], [11, 12, 13, 14, 0]]
    assert batch["targets"].tolist() == [[101, 102, 103, 104, 105], [106, 107, 108, 109, 110], [111, 112, 113, 114, 0]]


def test_short_texts_make_fewer_rows():
    batch = side_by_side(records(3), 16, shortest=8)
    assert batch["inputs"].tolist() == [[1, 2, 3]]


def test_a_shift_turns_the_whole():
    batch = side_by_side(records(6), 2, shortest=1, shift=2)
    assert batch["inputs"].tolist() == [[5, 6, 1], [2, 3, 4]]
    assert batch["targets"].tolist() == [[105, 106, 101], [102, 103, 104]]


def test_a_lead_is_read_but_not_judged():
    batch = side_by_side(records(7), 2, shortest=1, lead=2)
    assert batch["inputs"].tolist() == [[0, 0, 1, 2, 3, 4], [3, 4, 5, 6, 7, 0]]
    assert batch["targets"].tolist() == [[0, 0, 101, 102, 103, 104], [0, 0, 105, 106, 107, 0]]


def test_windows_follow_each_other():
    whole = side_by_side(records(9), 2, shortest=1)
    batches = tf.data.Dataset.from_tensors(whole)
    cut = list(streams.windows(batches, 2).as_numpy_iterator())
    assert [batch["fresh"].tolist() for batch in cut] == [[True] * 2, [False] * 2, [False] * 2]
    assert [batch["inputs"].shape for batch in cut] == [(2, 2), (2, 2), (2, 1)]
    evenly = streams.windows(batches, 4)  # not four and one
    assert [batch["inputs"].shape for batch in evenly.as_numpy_iterator()] == [(2, 3), (2, 2)]
    np.testing.assert_array_equal(joined(cut, "inputs"), whole["inputs"])
    np.testing.assert_array_equal(joined(cut, "targets"), whole["targets"])
