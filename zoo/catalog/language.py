"""Recipes that know how likely a text is, and write new ones."""

from zoo.config.language_model import LanguageModelConfig
from zoo.registry import recipe


@recipe
def lstm_char_lm() -> LanguageModelConfig:
    """Character language model: LSTM over streams of text, sampling, probability of a text (Karpathy 2015)."""
    return LanguageModelConfig()


@recipe
def lstm_word_lm() -> LanguageModelConfig:
    """Word language model with tied embeddings (Zaremba et al. 2014; Press & Wolf 2017)."""
    return LanguageModelConfig(
        tokens="words", window=35, embedding_dim=256, tied=True, units=256, dropout=0.4, batch_size=16
    )
