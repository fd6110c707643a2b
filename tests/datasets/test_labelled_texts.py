import pytest

from zoo.datasets import from_texts


def test_records_in_order_with_labels_as_text():
    records = list(from_texts(["a b", "ü"], [1, "neg"]).as_numpy_iterator())
    assert records == [{"text": b"a b", "label": b"1"}, {"text": "ü".encode(), "label": b"neg"}]


@pytest.mark.parametrize(
    ("texts", "labels", "message"),
    [
        (["a"], [], "1 texts but 0 labels"),
        ([], [], "no texts; give at least one"),
        (["a", " "], [0, 1], r"the text of record 1 \(from 0\) is empty"),
        (["a"], [""], r"the label of record 0 \(from 0\) is empty"),
        (["a", "b"], ["x", None], r"record 1 \(from 0\) has no label; give it one or leave it out"),
        (["a", "b"], [1.0, float("nan")], r"record 1 \(from 0\) has no label"),
        (["a"], [b"x"], r"record 0 \(from 0\) has the label b'x'; give a text or a number"),
        ([["a"]], [0], r"text 0 \(from 0\) is \['a'\]; give a string"),
    ],
)
def test_what_is_wrong_is_said(texts, labels, message):
    with pytest.raises(ValueError, match=message):
        from_texts(texts, labels)
