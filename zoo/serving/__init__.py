"""Exports that TensorFlow Serving loads as they are: versions, signatures, assets."""
