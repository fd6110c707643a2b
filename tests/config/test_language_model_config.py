import pytest

import zoo
from zoo.config.language_model import LanguageModelConfig


def test_both_recipes_are_one_task():
    characters, words = zoo.registry.config("lstm_char_lm"), zoo.registry.config("lstm_word_lm")
    assert type(characters) is type(words) is LanguageModelConfig
    assert (characters.tokens, words.tokens, words.tied) == ("characters", "words", True)


@pytest.mark.parametrize(
    ("field", "value"),
    [("tokens", "letters"), ("layout", "rows"), ("window", 0), ("reinjection", 1.5), ("bucket_boundaries", (8, 8))],
)
def test_what_is_not_allowed_is_told(field, value):
    with pytest.raises(ValueError, match=rf"LanguageModelConfig\.{field}"):
        LanguageModelConfig(**{field: value})


def test_vectors_are_of_words():
    with pytest.raises(ValueError, match="word_vectors are for words: set tokens=words"):
        LanguageModelConfig(word_vectors="glove.txt")
    assert not LanguageModelConfig(tokens="words", word_vectors="x", train_word_vectors=False).learns_embeddings


def test_lower_case_is_for_words():
    with pytest.raises(ValueError, match="lowercase is for words"):
        LanguageModelConfig(lowercase=True)
    assert LanguageModelConfig(tokens="blanks", lowercase=True).lowercase
