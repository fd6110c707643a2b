"""Exports that TensorFlow Serving loads as they are: versions, signatures, assets."""

from zoo.engine.paths import plain as plain_graph

__all__ = ["plain_graph"]
