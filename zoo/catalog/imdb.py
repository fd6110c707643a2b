"""Recipes that say what is thought of something."""

from zoo.config.classifier import ClassifierConfig
from zoo.registry import recipe


@recipe
def lstm_imdb() -> ClassifierConfig:
    """Sentiment and other labels of texts: regions of words, BiLSTM, pooling (Johnson & Zhang 2016)."""
    return ClassifierConfig()
