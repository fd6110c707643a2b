import pytest
import tensorflow as tf

from zoo.datasets import from_captions
from zoo.datasets.caption_tables import holds_a_word
from zoo.preprocessing.captioning import (
    CaptionCodec,
    CaptionVocabulary,
    hold_words,
    learn_vocabulary,
    without_punctuation,
)

CAPTIONS = [["A dog runs .", "The dog, it seems, runs!"], ["A man's well-known dog"]]
RECORDS = from_captions([b"1", b"2"], CAPTIONS)


def test_words_of_all_captions_are_counted_without_punctuation():
    vocabulary = learn_vocabulary(RECORDS, max_words=9)
    assert vocabulary.words == ("dog", "a", "runs", "'s", "it", "man", "seems", "the", "well-known")
    assert learn_vocabulary(RECORDS, max_words=9, min_count=2).words == ("dog", "a", "runs")
    assert learn_vocabulary(RECORDS, max_words=9, limit=1).words == ("dog",)
    assert CaptionVocabulary.from_dict(vocabulary.to_dict()) == vocabulary


def test_long_captions_are_counted(caplog):
    learn_vocabulary(RECORDS, max_words=4)
    assert "2 of 3 captions are longer than max_words=4 and lose their ends, 2 words together" in caplog.text


def test_captions_without_words_are_nothing_to_learn():
    with pytest.raises(ValueError, match="the training data holds no text"):
        learn_vocabulary(tf.data.Dataset.from_tensors({"captions": ["!", "..."]}), max_words=4)


def test_captions_become_numbers():
    codec = CaptionCodec(CaptionVocabulary(("dog", "a", "runs")), max_words=3)
    captions = codec.encode(tf.constant(["A DOG.", "", "a cat runs fast, a dog runs"]))
    assert captions.inputs.numpy().tolist() == [[2, 5, 4], [2, 0, 0], [2, 5, 1]]
    assert captions.targets.numpy().tolist() == [[5, 4, 3], [-1, -1, -1], [5, 1, 6]]  # what was cut has no end
    assert captions.cut.numpy().tolist() == [0, 0, 4]
    whole = codec.encode(tf.constant(["a dog runs"]))
    assert (whole.targets.numpy().tolist(), whole.cut.numpy().tolist()) == ([[5, 4, 6, 3]], [0])
    assert codec.tokens.size == 7
    none = codec.encode(tf.constant([], tf.string))
    assert none.inputs.shape[0] == none.targets.shape[0] == 0


def test_numbers_become_captions():
    codec = CaptionCodec(CaptionVocabulary(("a", "man", "'s", "dog")), max_words=9)
    assert codec.decode(tf.constant([[4, 5, 6, 7, 3, 0], [3, 0, 0, 0, 0, 0]])).numpy().tolist() == [b"a man's dog", b""]


def test_punctuation_between_words_goes_and_within_words_stays():
    texts = tf.constant(['A "well-known" man\'s dog (brown) -- runs...', "¿3.5 € ?", "犬!"])
    assert [text.decode() for text in without_punctuation(texts).numpy()] == [
        "A well-known man 's dog brown runs", "3.5", "犬"
    ]  # fmt: skip


def test_punctuation_alone_holds_no_word():
    texts = ["a dog .", "7", "犬", "\nred", "", " ... ", "🐶 !"]
    held = hold_words(tf.constant(texts)).numpy().tolist()
    assert held == [True, True, True, True, False, False, False]
    assert held == [holds_a_word(text) for text in texts]  # what tables are checked by
