import json
import logging

import numpy as np
import pytest
import tensorflow as tf

from zoo.config.tagger import TaggerConfig
from zoo.preprocessing.tagging import (
    NUM_CASES,
    TaggerPreprocessor,
    TaggerVocabulary,
    case_ids,
    learn_vocabulary,
    normalise,
)
from zoo.preprocessing.vocabulary import RESERVED, UNKNOWN_ID

SENTENCES = [
    (["Ann", "met", "Bo", "in", "1999"], ["B-PER", "O", "B-PER", "O", "O"]),
    (["ANN", "in", "Århus"], ["B-PER", "O", "B-LOC"]),
    (["in", "2004"], ["O", "O"]),
]


def records_of(sentences):
    signature = {name: tf.TensorSpec([None], tf.string) for name in ("tokens", "tags")}
    rows = [dict(zip(("tokens", "tags"), sentence, strict=True)) for sentence in sentences]
    return tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=signature)


def vocabulary_of(sentences=SENTENCES, **overrides):
    return learn_vocabulary(records_of(sentences), TaggerConfig(**overrides))


def preprocessor_of(sentences=SENTENCES, **overrides):
    config = TaggerConfig(**overrides)
    return TaggerPreprocessor(config, learn_vocabulary(records_of(sentences), config))


def test_a_vocabulary_is_counted_as_it_will_be_looked_up():
    vocabulary = vocabulary_of()
    assert vocabulary.words == ("in", "0000", "ann", "bo", "met", "århus")
    assert vocabulary.counts == (3, 2, 2, 1, 1, 1)
    assert vocabulary.entity_types == ("LOC", "PER")
    assert not vocabulary.binary
    # Characters are read as they are written.
    assert set(map(chr, vocabulary.characters)) == set("".join(word for words, _ in SENTENCES for word in words))
    assert chr(vocabulary.characters[0]) == "n"
    assert vocabulary_of(lowercase=False, normalise_digits=False).words == (
        "in", "1999", "2004", "ANN", "Ann", "Bo", "met", "Århus",
    )  # fmt: skip


def test_caps_on_the_vocabulary():
    assert vocabulary_of(vocabulary_size=2).words == ("in", "0000")
    assert vocabulary_of(vocabulary_size=2).counts == (3, 2)
    assert vocabulary_of(min_count=2).words == ("in", "0000", "ann")
    preprocessor = preprocessor_of(min_count=9)
    assert preprocessor.vocabulary.words == ()
    assert preprocessor.inputs(tf.constant([["in", ""]]))["token_ids"].numpy().tolist() == [[UNKNOWN_ID, 0]]


def test_counting_goes_over_many_chunks():
    vocabulary = vocabulary_of(SENTENCES * 1000)
    assert vocabulary.counts == (3000, 2000, 2000, 1000, 1000, 1000)


def test_records_of_one_known_length_are_read_too():
    dense = tf.data.Dataset.from_tensor_slices(
        {"tokens": [["Ann", "ran"], ["Bo", "ran"]], "tags": [["B-PER", "O"]] * 2}
    )
    assert learn_vocabulary(dense, TaggerConfig()).words == ("ran", "ann", "bo")


def test_words_that_are_not_utf8_are_read_as_replacement_characters():
    preprocessor = preprocessor_of([([b"\xff", b"\xfe", b"Bo"], ["O", "O", "B-PER"])])
    assert preprocessor.vocabulary.words == ("\ufffd", "bo")
    ids = preprocessor.inputs(tf.constant([[b"\xfd", b"BO"]]))["token_ids"].numpy()
    assert ids.tolist() == [[RESERVED, RESERVED + 1]]


def test_nothing_to_learn_from():
    with pytest.raises(ValueError, match="holds no sentence"):
        vocabulary_of([])
    with pytest.raises(ValueError, match="holds no entity"):
        vocabulary_of([(["in", "2004"], ["O", "O"])])
    with pytest.raises(ValueError, match="holds no entity"):
        vocabulary_of([(["in", "2004"], ["0", "0"])])


def test_cut_words_are_reported(caplog):
    with caplog.at_level(logging.WARNING):
        vocabulary_of(max_word_chars=3)
    assert caplog.messages == ["3 words are longer than max_word_chars=3: their middle is not read"]
    caplog.clear()
    vocabulary_of(max_word_chars=3, characters="none")
    assert caplog.messages == []


def test_a_vocabulary_goes_through_json_and_back():
    vocabulary = vocabulary_of()
    assert TaggerVocabulary.from_dict(json.loads(json.dumps(vocabulary.to_dict()))) == vocabulary


def test_ids_and_masks():
    preprocessor = preprocessor_of()
    words, characters = preprocessor.vocabulary.words, preprocessor.vocabulary.characters
    tokens = [["BO", "met", "1234", "Xqz"], ["in", "", "", ""]]
    tensors = preprocessor.inputs(tf.constant(tokens))
    known = {"BO": "bo", "met": "met", "1234": "0000", "in": "in"}
    expected = [
        [words.index(known[t]) + RESERVED if t in known else UNKNOWN_ID if t else 0 for t in row] for row in tokens
    ]
    assert tensors["token_ids"].numpy().tolist() == expected
    assert tensors["padding_mask"].numpy().tolist() == [[True] * 4, [True, False, False, False]]
    assert {name: tensor.dtype for name, tensor in tensors.items()} == {
        "token_ids": tf.int32, "padding_mask": tf.bool, "case_ids": tf.int32, "char_ids": tf.int32,
    }  # fmt: skip
    assert tensors["char_ids"].shape == (2, 4, 4)
    for row, id_rows in zip(tokens, tensors["char_ids"].numpy(), strict=True):
        for token, ids in zip(row, id_rows, strict=True):
            points = [ord(c) for c in token]
            found = [characters.index(p) + RESERVED if p in characters else UNKNOWN_ID for p in points]
            assert ids.tolist() == found + [0] * (4 - len(found))


def test_only_what_the_configuration_reads():
    assert sorted(preprocessor_of(characters="none", case_dim=0).inputs(tf.constant([["a"]]))) == [
        "padding_mask",
        "token_ids",
    ]


@pytest.mark.parametrize("limit", [2, 5, 8])
def test_long_words_keep_both_ends(limit):
    word = "abcdéfgh"
    preprocessor = preprocessor_of([([word], ["B-X"])], max_word_chars=limit)
    characters = "".join(map(chr, preprocessor.vocabulary.characters))
    ids = preprocessor.inputs(tf.constant([[word, "ab", word + word]]))["char_ids"].numpy()[0]

    def read(row):
        return "".join(characters[number - RESERVED] for number in row if number)

    def ends(text):
        return text if len(text) <= limit else text[: (limit + 1) // 2] + text[len(text) - limit // 2 :]

    assert [read(row) for row in ids] == [ends(word), "ab", ends(word + word)]
    assert ids.shape == (3, limit)


def test_batches_without_sentences_steps_or_characters():
    preprocessor = preprocessor_of()
    for tokens, shape in ((tf.zeros([0, 1], tf.string), (0, 1)), (tf.zeros([2, 0], tf.string), (2, 0))):
        tensors = preprocessor.inputs(tokens)
        assert {name: tuple(tensor.shape) for name, tensor in tensors.items()} == {
            "token_ids": shape, "padding_mask": shape, "case_ids": shape, "char_ids": (*shape, 1),
        }  # fmt: skip
    tensors = preprocessor.inputs(tf.constant([["", ""]]))
    assert tensors["char_ids"].numpy().tolist() == [[[0], [0]]]
    assert not tensors["padding_mask"].numpy().any()


def test_a_graph_gives_the_same_as_python():
    preprocessor = preprocessor_of()
    graph = tf.function(preprocessor.inputs, input_signature=[tf.TensorSpec([None, None], tf.string)])
    tokens = tf.constant([["Ann", "日本🙂"], ["x", ""]])
    eager = preprocessor.inputs(tokens)
    for name, tensor in graph(tokens).items():
        np.testing.assert_array_equal(tensor, eager[name])


def test_targets_are_numbered_in_the_models_scheme():
    tags = tf.constant([["B-PER", "I-PER", "O", "B-LOC"], ["O", "", "", ""]])
    preprocessor = preprocessor_of()
    names = preprocessor.tags.names
    wanted = [[names.index(tag) for tag in ("B-PER", "E-PER", "O", "S-LOC")], [0, -1, -1, -1]]
    assert preprocessor.targets(tags, training=True).numpy().tolist() == wanted
    outer = preprocessor_of(tag_scheme="iob2")
    wanted = [[outer.tags.names.index(tag) for tag in ("B-PER", "I-PER", "O", "B-LOC")], [0, -1, -1, -1]]
    assert outer.targets(tags, training=True).numpy().tolist() == wanted


def test_binary_tags_stay_binary():
    vocabulary = vocabulary_of([(["a", "b"], ["1", "0"])])
    assert vocabulary.binary
    preprocessor = TaggerPreprocessor(TaggerConfig(), vocabulary)
    assert preprocessor.tags.names == ["0", "1"]
    assert preprocessor.targets(tf.constant([["1", "0", ""]]), training=True).numpy().tolist() == [[1, 0, -1]]


def test_tags_never_seen_in_training_are_named():
    preprocessor = preprocessor_of()
    tags = tf.constant([["O", "B-ORG"], ["B-PER", ""]])
    for targets in (preprocessor.targets, tf.function(preprocessor.targets)):
        with pytest.raises(tf.errors.InvalidArgumentError, match=r"(?s)has not learnt .*B-LOC.*B-ORG"):
            targets(tags, training=True)
    assert (preprocessor.targets(tags, training=False).numpy() >= len(preprocessor.tags.names)).sum() == 1


def test_case():
    expected = {
        "": 0, "...": 0, "日本": 0, "مرحبا": 0,
        "met": 1, "ünder": 1, "'s": 1,
        "NATO": 2, "U.S.": 2, "ÅÄ": 2,
        "Ann": 3, "A": 3, "Århus": 3, "(Bo": 3,
        "iPhone": 4, "McDonald": 4,
        "1999": 5, "٣": 5, "3rd": 6, "B2B": 7, "G7": 8, "mp3Player": 9,
    }  # fmt: skip
    assert dict(zip(expected, case_ids(tf.constant(list(expected))).numpy().tolist(), strict=True)) == expected
    assert max(expected.values()) == NUM_CASES - 1


@pytest.mark.parametrize(
    ("lowercase", "normalise_digits", "expected"),
    [
        (True, True, ["århus", "0-0", "0000", "日本"]),
        (True, False, ["århus", "3-٣", "1999", "日本"]),
        (False, True, ["ÅRHUS", "0-0", "0000", "日本"]),
        (False, False, ["ÅRHUS", "3-٣", "1999", "日本"]),
    ],
)
def test_normalisation(lowercase, normalise_digits, expected):
    config = TaggerConfig(lowercase=lowercase, normalise_digits=normalise_digits)
    words = normalise(tf.constant([["ÅRHUS", "3-٣"], ["1999", "日本"]]), config)
    assert words.shape == (2, 2)
    assert [word.decode() for word in words.numpy().ravel()] == expected
