"""Sentence to a tag for each token."""
