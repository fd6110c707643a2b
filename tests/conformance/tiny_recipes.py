"""A tiny version of every registered recipe and some records for it: who adds a task adds one entry here."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import tensorflow as tf

import zoo

_NER_SENTENCES = [
    "Ann Lee met Bo in Oslo .",
    "Bo likes the old town of Bergen",
    "the May fair is over",
    "Acme Corp hired Ann",
    "in May , Oslo was cold and wet and Ann Lee stayed in Bergen with Bo and the others",
    "no names here at all",
]
_NER_TAGS = [
    "B-PER I-PER O B-PER O B-LOC O",
    "B-PER O O O O O B-LOC",
    "O O O O O",
    "B-ORG I-ORG O B-PER",
    "O O O B-LOC O O O O O B-PER I-PER O O B-LOC O B-PER O O O",
    "O O O O O",
]

_REVIEWS = [
    "a good film , not bad at all",
    "a bad film , not good at all",
    "Great !",
    "the plot is dull and I want my money back",
    "I was told that it is dull , but I found it great and would see it again on any day of the week",
    "I was told that it is great , but I found it dull and would not see it again on any day of the week",
]
_OPINIONS = ["pos", "neg", "pos", "neg", "pos", "neg"]

_DIALOGUES = [
    ["A table for two .", "At what time ?", "At seven .", "Noted ."],
    ["A table for ten .", "At what time ?", "At noon .", "Noted ."],
    ["Hello !", "Good evening , what can I do for you ?"],
]
_ACTS = [["directive", "question", "inform", "commissive"]] * 2 + [["inform", "question"]]

_PICTURES = [tf.io.encode_png(np.full((16, 16, 3), level, np.uint8)).numpy() for level in (0, 128, 255)]


@dataclass(frozen=True)
class Tiny:
    """One recipe made small: few epochs, since beginning one costs as much as many of its steps.

    Attributes:
        recipe: Its name.
        overrides: Fields that make it tiny.
        x: Inputs for `fit`.
        y: Answers for `fit`.
        requests: What `predict` and an export are asked.
        score: The metric that a memorised training set brings to `memorised`.
        memorised: At least so much, or at most where less is better, which is where it is not 1.
        input: What an export calls its input.
        answer: What `predict` names the answer, for example `tags`.
        output: What an export names its output; None for the same.
    """

    recipe: str
    overrides: dict[str, Any]
    x: list
    y: list | None = None
    requests: list[str] | list[bytes] | list[list[str]] = field(default_factory=list)
    score: str = "f1"
    memorised: float = 1.0
    input: str = "text"
    answer: str = "tags"
    output: str | None = None

    def make(self, **overrides: Any) -> Any:
        """Makes the untrained task."""
        return zoo.get(self.recipe, **{**self.overrides, **overrides})


_BY_TASK = {
    "zoo.models.tagging.tagger:Tagger": {
        "overrides": {
            "word_dim": 8, "char_dim": 4, "char_units": 4, "units": 8, "dropout": 0.0, "word_dropout": 0.0,
            "learning_rate": 0.03, "batch_size": 4, "epochs": 8, "bucket_boundaries": (8,),
        },
        "x": [sentence.split() for sentence in _NER_SENTENCES] * 4,
        "y": [tags.split() for tags in _NER_TAGS] * 4,
        "requests": ["Ann Lee met Bo in Oslo.", "", "  ", "日本 🙂 naïve café!", "x " * 300],
    },
    "zoo.models.classifying.classifier:Classifier": {
        "overrides": {
            "word_dim": 8, "ngram_dim": 4, "ngram_buckets": 50, "region_filters": 8, "region_pool": 2, "units": 8,
            "dropout": 0.0, "word_dropout": 0.0, "min_count": 1, "learning_rate": 0.03, "batch_size": 4, "epochs": 8,
            "max_tokens": 40, "bucket_boundaries": (12,),
        },
        "x": _REVIEWS * 4,
        "y": _OPINIONS * 4,
        "requests": ["not a bad film", "", "  ", "日本 🙂 naïve café!", "x " * 300 + "great"],
        "score": "accuracy",
        "answer": "label",
    },
    "zoo.models.language.language_model:LanguageModel": {
        "overrides": {
            "embedding_dim": 8, "units": 16, "window": 12, "dropout": 0.0, "min_count": 1, "learning_rate": 0.03,
            "batch_size": 4, "epochs": 8, "bucket_boundaries": (12,),
        },
        "x": ["a bird sings ."] * 150,
        "requests": ["a bird sings .", "", "  ", "日本 🙂 naïve café!", "a bird " * 150],
        "score": "loss",
        "memorised": 0.3,
        "answer": "log_probability",
    },
    "zoo.models.captioning.captioner:Captioner": {
        "overrides": {
            "image_size": 16, "encoder_widths": (8, 16), "word_dim": 8, "units": 8, "attention_units": 8,
            "dropout": 0.0, "learning_rate": 0.03, "batch_size": 4, "epochs": 6, "max_words": 8,
        },
        "x": _PICTURES * 24,
        "y": [["all black", "a dark one"], ["grey"], ["a bright white one"]] * 24,
        "requests": [*_PICTURES[:2], b"", b"no image", _PICTURES[2]],
        "score": "perplexity",
        "memorised": 1.7,
        "answer": "caption",
        "input": "image",
    },
    "zoo.models.dialogue.dialogue_model:DialogueModel": {
        "overrides": {
            "word_dim": 16, "encoder_units": 16, "context_units": 16, "units": 16, "dropout": 0.0,
            "learning_rate": 0.05, "batch_size": 4, "epochs": 4, "max_turns": 5, "max_words": 12, "max_reply": 6,
            "bucket_boundaries": (6,),
        },
        "x": _DIALOGUES * 16,
        "y": _ACTS * 16,
        "requests": [
            ["A table for two .", "At what time ?"], ["Hello !"], ["日本 🙂 naïve café !"], ["x " * 40],
            ["No .", "Yes ."] * 30,
        ],
        "score": "perplexity",
        "memorised": 1.4,
        "answer": "text",
        "output": "reply",
        "input": "turns",
    },
}  # fmt: skip

TINY = {name: Tiny(recipe=name, **_BY_TASK[zoo.registry.config(name).task]) for name in zoo.names()}

ONE_A_TASK = list({zoo.registry.config(name).task: tiny for name, tiny in TINY.items()}.values())
