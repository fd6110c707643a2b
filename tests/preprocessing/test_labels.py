import numpy as np
import pytest
import tensorflow as tf

from zoo.preprocessing.labels import LabelCodec, label_name, label_names, ordered_labels


@pytest.mark.parametrize(
    ("labels", "names"),
    [
        ([1.0, 4.5, 0.1, -2.0], ["1", "4.5", "0.1", "-2"]),
        ([3, 10], ["3", "10"]),
        ([True, False], ["true", "false"]),
        (["a", "1.0"], ["a", "1.0"]),
    ],
)
def test_a_label_has_one_name_in_a_list_and_in_a_dataset(labels, names):
    assert [label_name(label) for label in labels] == names
    assert [name.decode() for name in label_names(tf.constant(labels)).numpy()] == names
    if not isinstance(labels[0], str):
        assert [label_name(label) for label in np.array(labels)] == names


def test_not_a_number_is_no_label():
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"a record has no label \(NaN\)"):
        label_names(tf.constant([1.0, float("nan")]))


def test_labels_are_in_order_of_value_where_all_are_numbers():
    assert ordered_labels(["10", "2", "-1.5"]) == ("-1.5", "2", "10")
    assert ordered_labels(["10", "2", "b"]) == ("10", "2", "b")
    assert ordered_labels(["2", "nan"]) == ("2", "nan")
    assert ordered_labels([]) == ()


def test_labels_become_numbers_and_back():
    codec = LabelCodec(["neg", "pos"])
    assert codec.encode(tf.constant(["pos", "neg"])).numpy().tolist() == [1, 0]
    assert codec.decode(tf.constant([1, 0])).numpy().tolist() == [b"pos", b"neg"]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"it knows neg, pos.*mixed"):
        codec.encode(tf.constant(["mixed"]))
