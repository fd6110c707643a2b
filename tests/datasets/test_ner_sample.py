import hashlib
import random

import pytest
import tensorflow as tf

from zoo import datasets, tag_schemes
from zoo.datasets import ner_sample, ner_sample_patterns
from zoo.preprocessing.tokenisation import tokenise

SPLITS = ("train", "validation", "test")


def entities(split):
    """The entities of a split as `(type, lower-cased words)`."""
    for tokens, tags in zip(*ner_sample.sentences(split), strict=True):
        for kind, start, end in tag_schemes.spans(tags):
            yield kind, tuple(token.lower() for token in tokens[start:end])


def skeletons(split):
    """What is left of each sentence where entities are their types and numbers are 0."""
    found = set()
    for tokens, tags in zip(*ner_sample.sentences(split), strict=True):
        words = [
            tag[2:] if tag != "O" else "0" if token[0].isdigit() else token.lower()
            for token, tag in zip(tokens, tags, strict=True)
            if not tag.startswith("I-")
        ]
        found.add(" ".join(words))
    return found


def test_sizes_tags_and_types():
    for split, size in zip(SPLITS, (3000, 500, 500), strict=True):
        sentences, tags = ner_sample.sentences(split)
        assert len(sentences) == len(tags) == size
        assert len({tuple(tokens) for tokens in sentences}) == size
        tag_schemes.validate(tags, "iob2")
        counts = [kind for kind, _ in entities(split)]
        assert all(counts.count(kind) > size // 5 for kind in ("PER", "LOC", "ORG", "MISC"))
        without = sum(not tag_schemes.spans(labels) for labels in tags)
        assert 0.05 < without / size < 0.2


def test_patterns_are_many_and_held_out():
    train, validation, test = (
        set(patterns)
        for patterns in (
            ner_sample_patterns.TRAIN_PATTERNS,
            ner_sample_patterns.VALIDATION_PATTERNS,
            ner_sample_patterns.TEST_PATTERNS,
        )
    )
    assert len(train) >= 60
    assert len(test) >= 20
    assert train.isdisjoint(test)
    assert train.isdisjoint(validation)
    assert validation.isdisjoint(test)
    # Not only the patterns differ, but what comes of them.
    unseen = skeletons("test") - skeletons("train")
    assert len(unseen) > 0.5 * len(skeletons("test"))


def test_names_of_test_and_validation_are_unseen():
    seen = {words for _, words in entities("train")}
    for split in ("validation", "test"):
        assert not seen & {words for _, words in entities(split)}
    # Not even the words of which persons' names are made.
    words_seen = {word for _, words in entities("train") for word in words}
    particles = {"de", "van", "von", "al", "da", "jr", "ii", "iii"}
    words = {word for kind, words in entities("test") if kind == "PER" for word in words if len(word) > 1} - particles
    assert len(words) > 200
    assert words.isdisjoint(words_seen)


def test_words_are_ambiguous():
    sentences, tags = ner_sample.sentences("train")
    kinds = {}
    for tokens, labels in zip(sentences, tags, strict=True):
        for token, tag in zip(tokens, labels, strict=True):
            kinds.setdefault(token.lower(), set()).add(tag[2:])
    ambiguous = [word for word, found in kinds.items() if len(found) > 1]
    assert {"may", "mark", "price", "washington"} <= set(ambiguous)
    assert len(ambiguous) > 100


def test_the_textbook_sentence_is_new_but_of_a_known_kind():
    words = {token for split in SPLITS for tokens in ner_sample.sentences(split)[0] for token in tokens}
    assert not words & {"Harry", "Potter", "Hermione", "Granger"}
    assert any(
        tag_schemes.spans(tags)[:2] == [("PER", 0, 2), ("PER", 3, 5)] and tokens[2] == "and"
        for tokens, tags in zip(*ner_sample.sentences("train"), strict=True)
    )


def test_tokens_are_cut_as_raw_text_is():
    sentences, _ = ner_sample.sentences("train")
    sentences = random.Random(1).sample(sentences, 400)
    cut = tokenise(tf.constant([" ".join(tokens) for tokens in sentences])).tokens.to_list()
    for tokens, pieces in zip(sentences, cut, strict=True):
        assert [piece.decode() for piece in pieces] == tokens


def test_every_python_writes_the_same_sentences():
    digest = hashlib.sha256()
    for split in SPLITS:
        for tokens, tags in zip(*ner_sample.sentences(split), strict=True):
            digest.update("\n".join([*tokens, *tags]).encode())
    assert digest.hexdigest() == "7f84623a9083b682733bab3ed1345608bb175675038f933a45d9f5f73141b5f5"


@pytest.mark.parametrize("name", ["sample", "ner_sample"])
def test_load(name):
    dataset = datasets.load(name, split="valid")
    sentences, tags = ner_sample.sentences("validation")
    assert dataset.cardinality().numpy() == 500
    first = next(dataset.as_numpy_iterator())
    assert [token.decode() for token in first["tokens"]] == sentences[0]
    assert [tag.decode() for tag in first["tags"]] == tags[0]
    with pytest.raises(ValueError, match="the sample has no split 'tests'; it has train, validation, test"):
        datasets.load(name, split="tests")


def test_callers_cannot_spoil_the_sample():
    ner_sample.sentences("test")[0][0][0] = "spoilt"
    assert ner_sample.sentences("test")[0][0][0] != "spoilt"
