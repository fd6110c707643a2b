import pytest

from zoo.datasets import from_sentences


def test_records_in_order_with_tags_in_iob2():
    dataset = from_sentences([["Ann", "Lee"], ["名", "🙂", "x"]], [["I-PER", "I-PER"], ["O", "I-LOC", "B-LOC"]])
    records = list(dataset.as_numpy_iterator())
    assert dataset.cardinality().numpy() == 2
    assert [token.decode() for token in records[1]["tokens"]] == ["名", "🙂", "x"]
    assert records[0]["tags"].tolist() == [b"B-PER", b"I-PER"]
    assert records[1]["tags"].tolist() == [b"O", b"B-LOC", b"B-LOC"]


def test_binary_tags_stay_binary():
    dataset = from_sentences([["Harry", "Potter", "and"]], [["1", "1", "0"]])
    assert next(dataset.as_numpy_iterator())["tags"].tolist() == [b"1", b"1", b"0"]


@pytest.mark.parametrize(
    ("sentences", "tags", "message"),
    [
        ([["a"]], [], "1 sentences but 0 tag sequences"),
        ([], [], "no sentences"),
        ([["a"], ["a", "b"]], [["O"], ["O"]], r"sentence 1 \(from 0\) has 2 tokens but 1 tags"),
        (["a b"], [["O", "O"]], "sentence 0 .* is one text"),
        ([["a"], ["b"]], [["B-PER"], ["I-PER"]], "sentence 1, token 0 .* breaks scheme iob2"),
    ],
)
def test_bad_input(sentences, tags, message):
    with pytest.raises(ValueError, match=message):
        from_sentences(sentences, tags)


def test_a_sentence_may_be_empty():
    records = list(from_sentences([[], ["a"]], [[], ["O"]]).as_numpy_iterator())
    assert [len(record["tokens"]) for record in records] == [0, 1]
