"""Scores of dialogues: words that a model would not have chosen, and how various its own are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from zoo.metrics.perplexity import TokenMean

_TOKEN = re.compile(r"['’](?:s|ll|re|ve|d|m|t)\b|[^\W_]+(?:[-&][^\W_]+)*|[^\w\s]|_")


@keras.saving.register_keras_serializable(package="zoo")
class WordErrorRate(TokenMean):
    """The share of words that are not the most probable ones, given the true words before them.

    The "word classification error", also called word error-rate, of Serban et al. 2015, "Building End-To-End Dialogue
    Systems Using Generative Hierarchical Neural Network Models": wrongly predicted words divided by all words. It is
    not the edit distance by which the recognition of speech is judged.
    """

    def __init__(self, name: str = "word_error_rate", dtype: str | None = None) -> None:
        """Makes the metric."""
        super().__init__(name=name, dtype=dtype)

    def update_state(self, targets: Any, logits: Any, sample_weight: Any = None) -> None:
        """Counts words.

        Args:
            targets: The true words, integers [...].
            logits: Scores of all words [..., words]; of equal ones the first is the most probable.
            sample_weight: [...], 0 where there is no word.
        """
        predicted = tf.argmax(logits, axis=-1, output_type=tf.int32)
        wrong = tf.not_equal(predicted, tf.cast(targets, tf.int32))
        super().update_state(tf.cast(wrong, self.dtype), sample_weight)


def distinct(texts: Sequence[str], n: int) -> float:
    """Distinct-n: how many different n-grams there are, divided by the number of words.

    Li et al. 2016, "A Diversity-Promoting Objective Function for Neural Conversation Models". As there, the
    divisor is the number of words for every n; some packages divide by the number of n-grams, which is smaller. The
    figure falls with the number of texts, so it compares models on the same histories alone.

    Args:
        texts: The replies. They are lower-cased; punctuation marks are words, and no n-gram goes beyond a text.
        n: Words an n-gram.

    Returns:
        0 to 1; 0 where there are no words.

    Raises:
        ValueError: `n` is less than 1.
    """
    if n < 1:
        raise ValueError(f"n={n}; an n-gram has 1 word or more")
    tokens = [_TOKEN.findall(text.lower()) for text in texts]
    ngrams = {ngram for words in tokens for ngram in zip(*(words[k:] for k in range(n)), strict=False)}
    total = sum(map(len, tokens))
    return len(ngrams) / total if total else 0.0
