"""A model whose next token depends on everything before it, and what NumPy says is the best sequence of it."""

import itertools

import numpy as np
import tensorflow as tf


class PrefixTable:
    """Probabilities `[tables, nodes, vocabulary]`; node 0 is the empty prefix, the others follow breadth first."""

    def __init__(self, probabilities):
        self.probabilities = np.asarray(probabilities, "float64")
        self.vocabulary = self.probabilities.shape[-1]
        with np.errstate(divide="ignore"):
            self.log = np.log(self.probabilities)
        self.logits = tf.constant(self.log, tf.float32)
        self.steps = 0  # counted outside graphs

    @classmethod
    def random(cls, *, tables, vocabulary, depth, seed=0):
        nodes = sum(vocabulary**level for level in range(depth))
        logits = 2 * np.random.default_rng(seed).normal(size=(tables, nodes, vocabulary))
        return cls(np.exp(logits) / np.exp(logits).sum(-1, keepdims=True))

    def state(self, tables):
        tables = tf.constant(tables, tf.int32)
        return {"table": tables, "node": tf.fill(tf.shape(tables), -1)}

    def step(self, tokens, state):
        self.steps += 1
        node = tf.where(state["node"] < 0, 0, state["node"] * self.vocabulary + 1 + tokens)
        return tf.gather_nd(self.logits, tf.stack([state["table"], node], axis=-1)), {**state, "node": node}

    def log_probability(self, table, tokens):
        node, total = 0, 0.0
        for token in tokens:
            total += self.log[table, node, token]
            node = node * self.vocabulary + 1 + token
        return total

    def sequences(self, max_length, end):
        """All sequences that end, or are cut at the length."""
        for length in range(1, max_length + 1):
            for tokens in itertools.product(range(self.vocabulary), repeat=length):
                if end not in tokens[:-1] and (length == max_length or tokens[-1] == end):
                    yield tokens

    def exhaustive(self, table, max_length, end, alpha):
        """(score, log-probability, tokens) of every sequence, best first."""
        found = []
        for tokens in self.sequences(max_length, end):
            log_probability = self.log_probability(table, tokens)
            found.append((log_probability / penalty(len(tokens), alpha), log_probability, tokens))
        return sorted(found, reverse=True)

    def beam(self, table, max_length, end, alpha, width, n_best):
        """Beam search without an early stop, written out over lists."""
        live, ended = [((), 0.0)], []
        for _ in range(max_length):
            extended = [
                ((*tokens, token), self.log_probability(table, (*tokens, token)))
                for tokens, _ in live
                for token in range(self.vocabulary)
            ]
            extended.sort(key=lambda pair: -pair[1])
            ended += [pair for pair in extended[:width] if pair[0][-1] == end]
            live = [pair for pair in extended if pair[0][-1] != end][:width]
        scored = [(value / penalty(len(tokens), alpha), value, tokens) for tokens, value in ended + live]
        return sorted(scored, key=lambda each: -each[0])[:n_best]


def penalty(length, alpha):
    return ((5 + length) / 6) ** alpha


def textbook():
    """Zhang, Lipton, Li & Smola, "Dive into Deep Learning", section "Beam Search": A, B, C and <eos> are 0 to 3."""
    probabilities = np.full((1, 85, 4), 0.25)
    rows = {
        (): [0.5, 0.2, 0.2, 0.1],
        (0,): [0.1, 0.4, 0.3, 0.2],
        (0, 1): [0.2, 0.2, 0.4, 0.2],
        (0, 1, 2): [0.0, 0.2, 0.2, 0.6],
        (0, 2): [0.1, 0.6, 0.2, 0.1],
        (0, 2, 1): [0.1, 0.2, 0.1, 0.6],
    }
    for prefix, row in rows.items():
        node = 0
        for token in prefix:
            node = node * 4 + 1 + token
        probabilities[0, node] = row
    return PrefixTable(probabilities)
