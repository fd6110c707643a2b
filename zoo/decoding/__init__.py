"""Decoding: from scores to the answer a person reads. Knows scores and step functions, never a model.

`greedy`, `sample` and `beam_search` run a pure step (`zoo.decoding.Step`) in one `tf.while_loop`: batched, stopping
when every row has ended, fit for XLA and for a SavedModel.
"""

from zoo.decoding.adjustments import forbidding, in_turn, repetition_penalty
from zoo.decoding.beam import Beams, beam_search
from zoo.decoding.linear_chain import FORBIDDEN, log_partition, marginals, path_score, viterbi
from zoo.decoding.sampling import Decoded, draw, greedy, sample
from zoo.decoding.step import Adjust, State, Step

__all__ = [
    "FORBIDDEN",
    "Adjust",
    "Beams",
    "Decoded",
    "State",
    "Step",
    "beam_search",
    "draw",
    "forbidding",
    "greedy",
    "in_turn",
    "log_partition",
    "marginals",
    "path_score",
    "repetition_penalty",
    "sample",
    "viterbi",
]
