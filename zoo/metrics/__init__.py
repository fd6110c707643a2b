"""In-graph Keras metrics of the field."""

from zoo.metrics.entities import EntityScore
from zoo.metrics.perplexity import Bits, Perplexity, TokenMean

__all__ = ["Bits", "EntityScore", "Perplexity", "TokenMean"]
