import numpy as np
import pytest
import tensorflow as tf

from zoo.preprocessing.token_codec import TokenCodec, learn_tokens, never_written, unknown, with_ends


def texts(*strings):
    return tf.data.Dataset.from_tensor_slices([s.encode() for s in strings])


def test_characters_there_and_back():
    codec = TokenCodec(learn_tokens(texts("abba", "añb🙂\n"), "characters"), "characters")
    given = tf.constant(["ab🙂ñ\n", "", "b"])
    ids = codec.encode(given)
    assert ids.row_lengths().numpy().tolist() == [5, 0, 1]
    assert int(tf.reduce_min(ids.flat_values)) >= 4
    assert codec.decode(ids.to_tensor()).numpy().tolist() == given.numpy().tolist()


def test_what_is_rare_or_new_is_unknown():
    codec = TokenCodec(learn_tokens(texts("aab"), "characters", min_count=2), "characters")
    ids = codec.encode(tf.constant(["abz"]))
    assert unknown(ids.flat_values).numpy().tolist() == [False, True, True]
    assert codec.decode(ids.to_tensor()).numpy()[0].decode() == "a��"
    assert codec.size == 5


def test_words_are_written_as_people_write_them():
    text = "He didn't say (not once) that it's 3.5% more, did he?"
    codec = TokenCodec(learn_tokens(texts(text), "words"), "words")
    assert codec.decode(codec.encode(tf.constant([text])).to_tensor()).numpy()[0].decode() == text


def test_blanks_keep_a_tokenised_corpus_as_it_is():
    text = "the N <unk> @-@ year 's end"
    codec = TokenCodec(learn_tokens(texts(text), "blanks"), "blanks")
    ids = codec.encode(tf.constant([text]))
    assert ids.row_lengths().numpy().tolist() == [7]
    assert unknown(ids.flat_values).numpy().tolist() == [False, False, True, False, False, False, False]
    assert codec.decode(ids.to_tensor()).numpy()[0].decode() == text


def test_lower_case_and_the_most_frequent_first():
    assert learn_tokens(texts("The the THE cat Cat dog"), "words", lowercase=True, limit=2) == ("the", "cat")


def test_ends_of_texts():
    inputs, targets = with_ends(tf.ragged.constant([[7, 8], []], dtype=tf.int32))
    assert inputs.to_list() == [[2, 7, 8], [2]]
    assert targets.to_list() == [[7, 8, 3], [3]]
    assert 3 not in never_written()


@pytest.mark.parametrize(
    ("prompt", "token", "expected"),
    [("the", "cat", " cat"), ("the ", "cat", "cat"), ("", "cat", "cat"), ("cat", ",", ","), ("a\n", "cat", "cat")],
)
def test_what_follows_a_prompt_begins_with_a_blank_where_one_belongs(prompt, token, expected):
    codec = TokenCodec(("cat", ","), "words")
    ids = codec.encode(tf.constant([token])).to_tensor()
    assert codec.continuation(tf.constant([prompt]), ids).numpy()[0].decode() == expected


def test_bytes_that_are_no_text_are_read_as_unknown():
    codec = TokenCodec(("a",), "characters")
    np.testing.assert_array_equal(codec.encode(tf.constant([b"a\xff"])).flat_values, [4, 1])


def test_nothing_to_learn_is_said():
    with pytest.raises(ValueError, match="holds no text"):
        learn_tokens(texts(""), "characters")
    with pytest.raises(ValueError, match="lower min_count"):
        learn_tokens(texts("abc"), "characters", min_count=2)
