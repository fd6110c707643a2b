import itertools
from collections import Counter

import numpy as np
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from zoo.preprocessing.vocabulary import PADDING_ID, RESERVED, UNKNOWN_ID, FrequencyCounter, decode_all, id_table


def counter_of(*chunks, **arguments):
    counter = FrequencyCounter(**arguments)
    for chunk in chunks:
        counter.add(np.array(chunk))
    return counter


def test_counts_add_up_over_chunks():
    counter = counter_of([b"a", b"b", b"a"], [b"b"], [b"c", b"b"])
    assert counter.counts == {b"a": 2, b"b": 3, b"c": 1}
    assert counter.floor == 0


def test_the_most_frequent_come_first_and_ties_in_their_own_order():
    chunks = [b"z", b"y", b"x", b"m", b"m"], [b"b", b"b", b"b", b"a"]
    counter, other = counter_of(*chunks), counter_of(*reversed([chunk[::-1] for chunk in chunks]))
    assert counter.most_frequent() == [b"b", b"m", b"a", b"x", b"y", b"z"]
    assert other.most_frequent() == counter.most_frequent()


def test_limit_and_least_count():
    counter = counter_of([7, 7, 7, 5, 5, 3, 9])
    assert counter.most_frequent(limit=3) == [7, 5, 3]
    assert counter.most_frequent(min_count=2) == [7, 5]
    assert counter.most_frequent(limit=1, min_count=2) == [7]
    assert counter.most_frequent(min_count=9) == []
    assert all(type(item) is int for item in counter.most_frequent())


@settings(max_examples=100, deadline=None)
@given(st.lists(st.lists(st.integers(0, 60), min_size=1, max_size=20), max_size=20), st.integers(2, 30))
def test_bounded_memory_never_undercounts_and_keeps_the_frequent(chunks, max_distinct):
    counter, exact = counter_of(*chunks, max_distinct=max_distinct), Counter(itertools.chain(*chunks))
    assert len(counter.counts) <= max_distinct
    for item, count in counter.counts.items():
        assert exact[item] <= count <= exact[item] + counter.floor
    assert all(item in counter.counts for item, count in exact.items() if count > counter.floor)
    if len(exact) <= max_distinct:
        assert counter.counts == exact


def test_a_word_that_is_steadily_met_outlives_a_long_tail():
    counter = FrequencyCounter(max_distinct=100)
    for chunk in range(200):
        counter.add(np.array([f"rare {chunk} {i}".encode() for i in range(30)] + [b"late"] * (chunk > 100)))
    assert counter.most_frequent(limit=1) == [b"late"]
    assert counter.floor < 99 <= counter.counts[b"late"]


def test_ids_follow_the_order_after_padding_and_unknown():
    table = id_table(["the", "naïve", "日本"])
    words = tf.constant(["日本", "the", "naïve", "The", ""])
    assert table.lookup(words).numpy().tolist() == [RESERVED + 2, RESERVED, RESERVED + 1, UNKNOWN_ID, UNKNOWN_ID]
    assert table.lookup(words).dtype == tf.int32
    assert PADDING_ID not in (UNKNOWN_ID, RESERVED)


def test_ids_of_code_points():
    table = id_table((ord("b"), ord("a"), 0x1F642))
    assert table.lookup(tf.constant([0x1F642, ord("b"), ord("c")], tf.int64)).numpy().tolist() == [4, 2, UNKNOWN_ID]


def test_without_items_all_is_unknown():
    assert id_table(()).lookup(tf.constant(["a", ""])).numpy().tolist() == [UNKNOWN_ID, UNKNOWN_ID]


def test_bytes_become_text():
    assert decode_all([b"na\xc3\xafve", b"\xff"]) == ["naïve", "\ufffd"]
