"""Decoding: from scores to the answer a person reads. Knows scores and step functions, never a model."""

from zoo.decoding.linear_chain import FORBIDDEN, log_partition, marginals, path_score, viterbi

__all__ = ["FORBIDDEN", "log_partition", "marginals", "path_score", "viterbi"]
