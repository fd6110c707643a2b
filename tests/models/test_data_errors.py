import re

import pytest
import tensorflow as tf

from zoo.models.data_errors import data_errors


def refusing(said):
    """Refuses whatever it is given, in words of its own."""

    def refuse(values):
        with tf.control_dependencies([tf.debugging.Assert(tf.size(values) < 0, [said, values])]):
            return tf.identity(values)

    return refuse


def eagerly(refuse, values):
    refuse(values)


def in_a_graph(refuse, values):
    tf.function(refuse)(values)


def in_a_dataset(refuse, values):
    list(tf.data.Dataset.from_tensors(values).map(refuse))


WAYS = pytest.mark.parametrize("run", [eagerly, in_a_graph, in_a_dataset])


@WAYS
@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ("scan [1].png", "scan [1].png"),
        ('the "Ĺ" isn\'t [here]', 'the "Ĺ" isn\'t [here]'),
        (2.5, "2.5"),
    ],
)
def test_an_assertion_is_read_as_a_plain_sentence(run, values, shown):
    whole = re.escape(f"this is of no use, whatever it is: {shown}")
    with pytest.raises(ValueError, match=f"^{whole}$"), data_errors():
        run(refusing("this is of no use, whatever it is:"), tf.constant(values))


@pytest.mark.parametrize(
    ("run", "shown"), [(eagerly, "a, b c, d, ..."), (in_a_graph, "a b c d..."), (in_a_dataset, "a b c d...")]
)
def test_of_several_values_the_first_are_shown(run, shown):
    with pytest.raises(ValueError, match=f"^too many: {re.escape(shown)}$"), data_errors():
        run(refusing("too many:"), tf.constant(["a", "b c", "d", "e"]))


def test_a_readers_own_error_is_read_as_it_was_raised():
    def lines():
        yield "fine"
        raise ValueError("train.txt:2: there is a line without a label; give it one")

    stream = tf.data.Dataset.from_generator(lines, output_signature=tf.TensorSpec([], tf.string))
    with (
        pytest.raises(ValueError, match=r"^train\.txt:2: there is a line without a label; give it one$"),
        data_errors(),
    ):
        list(stream)


def test_other_errors_pass_as_they_are():
    with pytest.raises(tf.errors.InvalidArgumentError, match="Incompatible shapes"), data_errors():
        tf.constant([1, 2]) + tf.constant([1, 2, 3])
