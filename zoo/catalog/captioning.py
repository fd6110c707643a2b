"""Recipes that say what is in an image."""

from zoo.config.captioner import CaptionerConfig
from zoo.registry import recipe


@recipe
def cnn_lstm_caption() -> CaptionerConfig:
    """Captions of images: residual CNN, attention, LSTM, beam search (Vinyals et al. 2015; Xu et al. 2015)."""
    return CaptionerConfig()
