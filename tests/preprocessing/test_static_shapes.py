import numpy as np
import pytest
import tensorflow as tf

from zoo.preprocessing.batching import bucketed, most_rows
from zoo.preprocessing.static_shapes import Filling, filled_up, known_lengths, next_length, rows_by_length


@pytest.mark.parametrize(
    ("boundaries", "limit", "first"),
    [
        ((4, 6), 10, (4, 6, 10)),
        ((4, 6, 11), 10, (4, 6, 10)),
        ((), 10, (10,)),
        ((4, 6), None, (4, 6, 12, 24)),
        ((), None, (8, 16, 32)),
    ],
)
def test_lengths_are_boundaries_and_the_limit_or_doublings(boundaries, limit, first):
    lengths = known_lengths(boundaries, limit)
    assert lengths[: len(first)] == first
    assert (len(lengths) == len(first)) == (limit is not None)
    assert len(lengths) < 30


@pytest.mark.parametrize(("length", "expected"), [(1, 4), (4, 4), (5, 6), (6, 6), (7, 12), (13, 24)])
def test_the_next_length_holds_a_sequence(length, expected):
    assert int(next_length(tf.constant(length), known_lengths((4, 6)))) == expected


def test_a_nest_is_filled_up_and_nothing_is_cut():
    x = {"ids": tf.constant([[1, 2, 3], [4, 0, 0]]), "mask": tf.constant([True, False])}
    y = tf.constant([[5, 6, 7], [8, -1, -1]])
    time = (2, 4)
    x, y = filled_up((x, y), 3, ({"ids": Filling((time,))}, Filling((time,), -1)))
    np.testing.assert_array_equal(x["ids"], [[1, 2, 3, 0], [4, 0, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_array_equal(x["mask"], [True, False, False])
    np.testing.assert_array_equal(y, [[5, 6, 7, -1], [8, -1, -1, -1], [-1, -1, -1, -1]])
    assert x["ids"].dtype == y.dtype == tf.int32


def test_shapes_are_known_before_the_data_where_there_is_one_length():
    def filled(length):
        ids = tf.zeros([2, length, 3])
        return filled_up({"one": ids, "several": ids}, 5, {"one": Filling(((4,),)), "several": Filling(((2, 4),))})

    spec = tf.data.Dataset.from_tensor_slices([2, 4]).map(filled).element_spec
    assert spec["one"].shape.as_list() == [5, 4, 3]
    assert spec["several"].shape.as_list() == [5, None, 3]


def test_more_than_there_is_room_for_is_an_error():
    with pytest.raises(tf.errors.InvalidArgumentError):
        filled_up(tf.zeros([2, 5]), 2, Filling(((4,),)))


@pytest.mark.parametrize("boundaries", [(4, 9), ()])
@pytest.mark.parametrize("budget", [None, 20])
def test_no_batch_has_more_rows_than_its_length_allows(boundaries, budget):
    lengths = known_lengths(boundaries, 16)
    rows_of = rows_by_length(lengths, lambda length: most_rows(length, 8, boundaries, budget))
    sizes = tf.data.Dataset.from_tensor_slices([*range(1, 17)] * 9)
    records = sizes.map(lambda size: {"ids": tf.ones([size])})
    seen = set()
    for batch in bucketed(records, lambda record: tf.size(record["ids"]), 8, boundaries, budget):
        rows, length = batch["ids"].shape
        room = int(rows_of(tf.constant(length)))
        assert rows <= room
        seen.add(room == rows)
    assert True in seen
    if budget is None:
        assert rows_of(tf.constant(3)) == 8  # a number, not a tensor: it is known before
