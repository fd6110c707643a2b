"""Scores of captions against numbers that are worked out from the papers' equations."""

import math

import pytest

from zoo.metrics.captions import bleu, caption_scores, cider, rouge_l, words


def split(*texts):
    return [text.split() for text in texts]


def test_bleu_is_of_the_whole_corpus():
    scores = bleu(split("a b c d e", "a b"), [split("a b c d f g"), split("a b")])
    precisions = (6 / 7, 4 / 5, 2 / 3, 1 / 2)  # of the n-grams, as many as are in a reference
    brevity = math.exp(1 - 8 / 7)
    for order in range(1, 5):
        expected = brevity * math.prod(precisions[:order]) ** (1 / order)
        assert scores[f"bleu_{order}"] == pytest.approx(expected)


def test_bleu_clips_by_the_best_reference_and_measures_the_nearest():
    scores = bleu(split("the the the the cat"), [split("the cat", "the the dog runs home", "a b c d e f g h")])
    assert scores["bleu_1"] == pytest.approx(3 / 5)  # `the` twice at most, and no penalty: one reference is as long
    assert scores["bleu_2"] == pytest.approx(math.sqrt(3 / 5 * 2 / 4))
    assert scores["bleu_4"] == 0


def test_bleu_with_different_numbers_of_references_and_nothing_said():
    scores = bleu([["a", "b"], []], [split("a b", "c"), split("d")])
    assert scores["bleu_1"] == pytest.approx(math.exp(1 - 3 / 2))
    assert bleu([[]], [split("a")])["bleu_1"] == 0


def test_rouge_l():
    # LCS 3 with both; precision 3/4, recall 3/3 with the first
    assert rouge_l(list("abcd"), split("a c d", "a x b y d z")) == pytest.approx(2.44 * 0.75 / (1 + 1.44 * 0.75))
    # precision of the second (2/3), recall of the first (1/1)
    assert rouge_l(list("abc"), split("c", "a x c y z")) == pytest.approx(2.44 * (2 / 3) / (1 + 1.44 * 2 / 3))
    assert rouge_l(list("ab"), split("b a")) == pytest.approx(0.5)
    assert rouge_l([], split("a")) == rouge_l(["a"], split("b")) == 0


def test_cider_of_two_images():
    scores = cider(split("a red dog", "a cat"), [split("a red dog"), split("a blue cat")])
    # `a` is in both images and weighs nothing. The first caption is its reference, but has no 4-gram.
    assert scores[0] == pytest.approx(10 * (1 + 1 + 1 + 0) / 4)
    # The second shares `cat` of `blue` and `cat`, no 2-gram, and is a word shorter.
    assert scores[1] == pytest.approx(10 * math.exp(-1 / 72) / math.sqrt(2) / 4)


def test_cider_weighs_by_rarity_and_averages_over_references():
    references = [split("dog runs", "dog"), split("dog sits"), split("cat")]
    once, twice = math.log(3), math.log(3 / 2)
    scores = cider(split("dog", "bird", "cat cat cat"), references)
    first = twice**2 / (twice * math.hypot(twice, once)) * math.exp(-1 / 72)
    assert scores[0] == pytest.approx(10 * (first + 1) / 2 / 4)
    assert scores[1] == 0
    assert scores[2] == pytest.approx(
        10 * (1 / 3) * math.exp(-4 / 72) / 4
    )  # counted once, divided by its norm of three


def test_what_everybody_says_of_every_image_is_worth_nothing():
    references = [["a dog runs"], ["a dog runs"], ["a dog runs"]]
    assert caption_scores(["a dog runs"] * 3, references)["cider"] == 0
    assert caption_scores(["a dog runs home"] * 3, [["A dog runs home!"]] * 3)["bleu_4"] == pytest.approx(1)


def test_texts_are_compared_without_case_and_punctuation():
    assert words("A dog's well-known RUN, at 3 o'clock (late)!") == [
        "a", "dog", "'s", "well-known", "run", "at", "3", "o", "clock", "late"
    ]  # fmt: skip
    scores = caption_scores(
        ["the dog runs on grass", "two men"], [["The dog runs, on grass!"], ["A man.", "Two men ."]]
    )
    assert {name: round(score, 6) for name, score in scores.items()} == {
        "bleu_1": 1, "bleu_2": 1, "bleu_3": 1, "bleu_4": 1, "rouge_l": 1,
        "cider": round((10 + 10 * (1 + 1) / 2 / 4) / 2, 6),
    }  # fmt: skip


def test_what_cannot_be_scored_is_said():
    with pytest.raises(ValueError, match="no captions to score"):
        caption_scores([], [])
    with pytest.raises(ValueError, match="1 captions but 2 lists of references"):
        caption_scores(["a"], [["a"], ["b"]])
    with pytest.raises(ValueError, match=r"references 1 \(from 0\) are \[\]"):
        caption_scores(["a", "b"], [["a"], []])
    with pytest.raises(ValueError, match=r"references 0 \(from 0\) are 'a dog'"):
        caption_scores(["a"], ["a dog"])
