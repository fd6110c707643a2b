import hashlib
import re
from collections import Counter, defaultdict

import pytest

from zoo import datasets
from zoo.datasets import sentiment_sample

SPLITS = ("train", "validation", "test")


def bag(text):
    words = re.findall(r"\w+|[^\w\s]", text.lower())
    return tuple(sorted("a" if word == "an" else word for word in words))


@pytest.mark.parametrize("split", SPLITS)
def test_balanced_and_without_repetition(split):
    texts, labels = sentiment_sample.texts(split)
    assert len(texts) == len(labels) == len(set(texts)) == sentiment_sample.SIZES[split]
    assert Counter(labels) == {"pos": len(texts) // 2, "neg": len(texts) // 2}


@pytest.mark.parametrize("split", SPLITS)
def test_a_bag_of_words_can_only_guess_about_most(split):
    bags = defaultdict(set)
    for text, label in zip(*sentiment_sample.texts(split), strict=True):
        bags[bag(text)].add(label)
    undecided = sum(len(found) == 2 for found in bags.values())
    assert 2 * undecided / sentiment_sample.SIZES[split] > 0.7


def test_patterns_of_the_test_are_unseen():
    for patterns in (sentiment_sample._TWINS, sentiment_sample._SINGLE):
        train, validation, test = (set(patterns[split]) for split in SPLITS)
        assert train.isdisjoint(test)
        assert train.isdisjoint(validation)
        assert validation.isdisjoint(test)
    words = {split: {w for text in sentiment_sample.texts(split)[0] for w in bag(text)} for split in SPLITS}
    assert {word for word in words["test"] - words["train"] if not word.isdecimal()} == set()  # words are known


def test_texts_are_written_as_people_write():
    for text in sentiment_sample.texts("train")[0]:
        assert not re.search(r"[<>]| [,.!?:;]|\ba [aeiou]|\ban [^aeiou]|^[a-z]|[.!?] [a-z]", text), text


def test_every_python_writes_the_same_texts():
    written = "\n".join(
        f"{label} {text}" for split in SPLITS for text, label in zip(*sentiment_sample.texts(split), strict=True)
    )
    assert (
        hashlib.sha256(written.encode()).hexdigest()
        == "fce5c68a74facb1072db1541dda972d28fc546bf1d35c1e3e5933e41fba1e122"
    )


def test_load():
    dataset = datasets.load("sentiment_sample", split="dev")
    texts, labels = sentiment_sample.texts("validation")
    assert dataset.cardinality().numpy() == len(texts)
    first = next(dataset.as_numpy_iterator())
    assert (first["text"].decode(), first["label"].decode()) == (texts[0], labels[0])
    assert datasets.splits("sentiment_sample") == SPLITS
    with pytest.raises(ValueError, match="the sample has no split 'tests'; it has train, validation, test"):
        datasets.load("sentiment_sample", split="tests")
