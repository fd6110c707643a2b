"""Recipes that find named entities."""

from zoo.config.tagger import TaggerConfig
from zoo.registry import recipe


@recipe
def lstm_ner() -> TaggerConfig:
    """Named entities: word and character features, BiLSTM, CRF (Lample et al. 2016; Ma & Hovy 2016)."""
    return TaggerConfig()
