"""The field's measures: Keras metrics that count inside the graph, and scores of generated texts."""

from zoo.metrics.captions import caption_scores
from zoo.metrics.dialogues import WordErrorRate, distinct
from zoo.metrics.entities import EntityScore
from zoo.metrics.perplexity import BitsPerCharacter, Perplexity, TokenMean

__all__ = ["BitsPerCharacter", "EntityScore", "Perplexity", "TokenMean", "WordErrorRate", "caption_scores", "distinct"]
