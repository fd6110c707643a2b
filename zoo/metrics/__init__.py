"""In-graph Keras metrics of the field."""

from zoo.metrics.entities import EntityScore

__all__ = ["EntityScore"]
