from collections import Counter

import pytest
import tensorflow as tf

from zoo.preprocessing.batching import bucketed, many_at_a_time, mapped_in_place, most_rows, shuffled

LENGTHS = [3, 9, 1, 4, 30, 2, 9, 5, 16, 8, 1, 7, 3, 3, 12]


def records(lengths=LENGTHS):
    """Records of `n` times their own number, as text, beside as many tags."""

    def generate():
        for number, length in enumerate(lengths):
            yield {"tokens": [str(number)] * length, "tag_ids": [number] * length}

    signature = {"tokens": tf.TensorSpec([None], tf.string), "tag_ids": tf.TensorSpec([None], tf.int32)}
    return tf.data.Dataset.from_generator(generate, output_signature=signature)


def batches_of(dataset, batch_size=2, boundaries=(4, 8)):
    return list(bucketed(dataset, lambda r: tf.size(r["tokens"]), batch_size, boundaries).as_numpy_iterator())


def bucket(length, boundaries=(4, 8)):
    return sum(length >= boundary for boundary in boundaries)


def test_every_record_is_in_one_batch_with_others_of_its_bucket():
    seen = Counter()
    batches = batches_of(records())
    for batch in batches:
        lengths = (batch["tokens"] != b"").sum(axis=1)
        assert len({bucket(length) for length in lengths}) == 1
        assert 1 <= len(lengths) <= 2
        assert batch["tokens"].shape == batch["tag_ids"].shape == (len(lengths), max(lengths))
        for row, tag_row, length in zip(batch["tokens"], batch["tag_ids"], lengths, strict=True):
            number = int(row[0])
            assert length == LENGTHS[number]
            assert row[:length].tolist() == [str(number).encode()] * length
            assert tag_row.tolist() == [number] * length + [0] * (len(tag_row) - length)
            seen[number] += 1
    assert seen == Counter(range(len(LENGTHS)))
    # One batch a bucket may be short of records, no more.
    assert sum(len(batch["tokens"]) < 2 for batch in batches) <= 3


@pytest.mark.parametrize("boundaries", [(), (100,), (1,)])
def test_boundaries_may_be_none_or_beyond_all_lengths(boundaries):
    batches = batches_of(records(), batch_size=4, boundaries=boundaries)
    assert [len(batch["tokens"]) for batch in batches] == [4, 4, 4, 3]


def test_a_batch_keeps_within_its_budget_of_time_steps():
    def rows(boundaries, budget):
        batches = bucketed(records(), lambda r: tf.size(r["tokens"]), 10, boundaries, budget)
        return [batch["tokens"].shape for batch in batches.as_numpy_iterator()]

    shapes = rows((4, 8, 40), 24)
    assert sum(count for count, _ in shapes) == len(LENGTHS)
    assert all(count * longest <= 24 for count, longest in shapes if longest < 8)
    assert max(count for count, _ in shapes) == 24 // 4
    assert {count for count, longest in shapes if longest >= 8} == {1}  # a record at least, however long
    # Nothing is known of lengths without boundaries: the batch size counts alone.
    assert [count for count, _ in rows((), 24)] == [10, 5]
    assert most_rows(3, 1000, (), 24) == 1000
    assert [most_rows(length, 10, (4, 8), 64) for length in (3, 5, 9)] == [10, 8, 1]


def test_batches_are_those_of_tensorflow_in_the_same_order():
    ours = batches_of(records(), 3, (4, 9))
    its = records().bucket_by_sequence_length(lambda r: tf.size(r["tokens"]), [4, 9], [3, 3, 3])
    for batch, expected in zip(ours, its.as_numpy_iterator(), strict=True):
        assert {name: part.tolist() for name, part in batch.items()} == {
            name: part.tolist() for name, part in expected.items()
        }
    of_budget = bucketed(records(), lambda r: tf.size(r["tokens"]), 10, (4, 9), 24)
    its = records().bucket_by_sequence_length(lambda r: tf.size(r["tokens"]), [4, 9], [6, 2, 1])
    shapes = [batch["tokens"].shape for batch in of_budget.as_numpy_iterator()]
    assert shapes == [batch["tokens"].shape for batch in its.as_numpy_iterator()]


def test_no_records():
    assert batches_of(records([])) == []


def orders(seed, epochs, buffer=50, number=20):
    epoch = tf.Variable(0, dtype=tf.int64)
    dataset = shuffled(tf.data.Dataset.range(number), buffer, seed, epoch)
    found = []
    for which in epochs:
        epoch.assign(which)
        found.append([int(record) for record in dataset.as_numpy_iterator()])
    return found


@pytest.fixture
def restored_global_seed():
    yield
    tf.random.set_seed(None)


def test_order_is_a_function_of_seed_and_epoch(restored_global_seed):
    first = orders(seed=0, epochs=[0, 1, 2])
    assert len({tuple(order) for order in first}) == 3
    assert orders(seed=0, epochs=[0, 1, 2]) == first
    # A run that is resumed reads on as if it had not been interrupted.
    assert orders(seed=0, epochs=[2, 1, 1]) == [first[2], first[1], first[1]]
    for global_seed in (0, 1234):
        tf.random.set_seed(global_seed)
        assert orders(seed=0, epochs=[0, 1, 2]) == first
    assert orders(seed=1, epochs=[0])[0] not in first


def test_a_big_seed_is_a_seed():
    assert orders(seed=2**31 - 1, epochs=[0, 1]) == orders(seed=2**31 - 1, epochs=[0, 1])
    assert orders(seed=2**31 - 1, epochs=[0]) != orders(seed=2**31 - 2, epochs=[0])


@pytest.mark.parametrize("buffer", [1, 3, 20, 1000])
def test_every_record_comes_exactly_once_an_epoch(buffer):
    for order in orders(seed=3, epochs=[0, 1, 7], buffer=buffer):
        assert sorted(order) == list(range(20))
        # A record waits in a buffer of so many, but cannot come earlier than it was read.
        assert all(record < place + buffer for place, record in enumerate(order))
    assert (orders(seed=3, epochs=[0], buffer=buffer)[0] == list(range(20))) == (buffer == 1)


def test_shuffled_records_keep_their_structure():
    dataset = shuffled(records(), 4, 0, tf.Variable(0, dtype=tf.int64))
    assert dataset.element_spec == records().element_spec
    lengths = sorted(len(record["tokens"]) for record in dataset.as_numpy_iterator())
    assert lengths == sorted(LENGTHS)


def test_many_records_are_mapped_at_a_time_and_come_out_singly():
    seen = []

    def function(batch):
        seen.append(batch["text"].shape.rank)
        pieces = tf.strings.split(batch["text"])
        return {"pieces": pieces, "count": pieces.row_lengths()}

    texts = ["a b", "", "c", "d e f"]
    dataset = many_at_a_time(tf.data.Dataset.from_tensor_slices({"text": texts}), 3, function)
    records = list(dataset.as_numpy_iterator())
    assert [[piece.decode() for piece in record["pieces"]] for record in records] == [t.split() for t in texts]
    assert [int(record["count"]) for record in records] == [2, 0, 1, 3]
    assert seen == [1]  # traced once, for whole batches


def test_what_is_mapped_in_place_is_what_is_mapped():
    def function(record):
        with tf.control_dependencies([tf.debugging.Assert(tf.size(record["tokens"]) < 30, ["long"])]):
            return {"first": record["tokens"][0], "rest": record["tag_ids"][1:]}

    in_place, usual = mapped_in_place(records().take(4), function), records().take(4).map(function)
    assert in_place.element_spec == usual.element_spec
    assert [list(map(str, record.values())) for record in in_place.as_numpy_iterator()] == [
        list(map(str, record.values())) for record in usual.as_numpy_iterator()
    ]
    assert int(mapped_in_place(tf.data.Dataset.range(5), lambda n: n + 1).cardinality()) == 5
    assert not in_place._use_inter_op_parallelism  # TensorFlow's, and private: no thread but the asking one
    with pytest.raises(tf.errors.InvalidArgumentError, match="long"):
        list(mapped_in_place(records(), function))
