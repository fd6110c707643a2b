import pytest
import tensorflow as tf

from zoo.config.classifier import ClassifierConfig
from zoo.datasets import from_texts
from zoo.preprocessing.classifying import ClassifierPreprocessor, ClassifierVocabulary, learn_vocabulary, words

TEXTS = ["The film, the GOOD film.<br /><BR/>Yes", "film good good"]


def test_words_are_counted_as_the_configuration_writes_them():
    vocabulary = learn_vocabulary(from_texts(TEXTS, ["b", "a"]), ClassifierConfig(min_count=2))
    assert vocabulary == ClassifierVocabulary(words=("film", "good", "the"), labels=("a", "b"))
    vocabulary = learn_vocabulary(from_texts(TEXTS, ["b", "a"]), ClassifierConfig(lowercase=False, vocabulary_size=2))
    assert vocabulary.words == ("film", "good")
    assert ClassifierVocabulary.from_dict(vocabulary.to_dict()) == vocabulary


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (["10", "9", "-1"], ("-1", "9", "10")),
        (["b", "10", "9"], ("10", "9", "b")),
        (["nan", "1", "2"], ("1", "2", "nan")),
    ],
)
def test_classes_are_in_order(labels, expected):
    assert learn_vocabulary(from_texts(["x"] * 3, labels), ClassifierConfig()).labels == expected


def test_one_label_is_nothing_to_learn():
    with pytest.raises(ValueError, match="one label only, 'a': there is nothing to learn; check the label column"):
        learn_vocabulary(from_texts(["x", "y"], ["a", "a"]), ClassifierConfig())


def test_a_long_text_keeps_its_two_ends_and_what_is_cut_is_counted(caplog):
    texts = [" ".join(str(n) for n in range(count)) for count in (12, 5, 6, 0)]
    tokens, cut = words(tf.constant(texts), ClassifierConfig(max_tokens=5))
    assert [[token.decode() for token in row] for row in tokens.to_list()] == [
        ["0", "1", "2", "10", "11"], ["0", "1", "2", "3", "4"], ["0", "1", "2", "4", "5"], []
    ]  # fmt: skip
    assert cut.numpy().tolist() == [7, 0, 1, 0]
    learn_vocabulary(from_texts(texts[:3], [1, 2, 3]), ClassifierConfig(max_tokens=5))
    assert "2 of 3 texts are longer than max_tokens=5" in caplog.text
    assert "8 tokens in their middles are not read" in caplog.text
    tokens, cut = words(tf.constant(texts), ClassifierConfig(max_tokens=None))
    assert tokens.row_lengths().numpy().tolist() == [12, 5, 6, 0]
    assert not cut.numpy().any()


def test_numbers_of_words_and_labels():
    preprocessor = ClassifierPreprocessor(ClassifierConfig(), ClassifierVocabulary(("film", "good"), ("neg", "pos")))
    ids = preprocessor.token_ids(preprocessor.words(tf.constant(["A GOOD film", ""])).tokens)
    assert ids.to_list() == [[1, 3, 2], []]
    inputs = preprocessor.inputs(ids.to_tensor())
    assert inputs["padding_mask"].numpy().tolist() == [[True] * 3, [False] * 3]
    assert preprocessor.targets(tf.constant(["pos", "neg"])).numpy().tolist() == [1, 0]
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"has not learnt \(it knows neg, pos.*\[good\]"):
        preprocessor.targets(tf.constant(["good"]))
