"""Linear-chain inference against the enumeration of all paths."""

import itertools
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from zoo.decoding import FORBIDDEN, log_partition, marginals, path_score, viterbi

MASKS = np.array(
    [
        [1, 1, 1, 1, 1],
        [1, 1, 1, 0, 0],  # padding on the right
        [0, 0, 1, 1, 1],  # on the left
        [0, 1, 0, 1, 0],  # on both sides, and a hole
        [1, 0, 0, 0, 1],
        [0, 0, 1, 0, 0],
        [0, 0, 0, 0, 0],
    ],
    bool,
)


class Chain(NamedTuple):
    """A random chain, as the separate scores from which `potentials` are made."""

    emissions: np.ndarray  # [batch, time, tags]
    transitions: np.ndarray  # [tags, tags]
    start: np.ndarray  # [tags]
    end: np.ndarray  # [tags]
    mask: np.ndarray  # bool [batch, time]

    @property
    def potentials(self):
        batch, time, tags = self.emissions.shape
        result = np.full([batch, time, tags, tags], FORBIDDEN)
        for b, t in np.ndindex(batch, time):
            steps = np.flatnonzero(self.mask[b])
            if not self.mask[b, t]:
                np.fill_diagonal(result[b, t], 0)
            elif t == steps[0]:
                result[b, t, 0] = self.start + self.emissions[b, t]
            else:
                result[b, t] = self.transitions + self.emissions[b, t]
            if self.mask[b, t] and t == steps[-1]:
                result[b, t] += self.end
        return result

    def paths(self, b):
        """Every path through the real steps of a row and its score, straight from the definition."""
        emissions = self.emissions[b][self.mask[b]]
        for path in itertools.product(range(emissions.shape[-1]), repeat=len(emissions)):
            score = sum(emissions[range(len(path)), path])
            score += sum(self.transitions[pair] for pair in itertools.pairwise(path))
            yield path, score + self.start[path[0]] + self.end[path[-1]] if path else 0.0


def random_chain(mask=MASKS, tags=3, scale=1.0, seed=0):
    rng = np.random.default_rng(seed)
    shapes = [(*mask.shape, tags), (tags, tags), (tags,), (tags,)]
    return Chain(*(scale * rng.normal(size=shape) for shape in shapes), mask)


def enumerated(chain):
    """Log partition [batch], best paths (lists), their scores [batch], marginals [batch, time, tags] (0 at padding)."""
    log_z, best, score = [], [], []
    marginal = np.zeros_like(chain.emissions)
    for b in range(len(chain.mask)):
        paths, scores = zip(*chain.paths(b), strict=True)
        log_z.append(np.logaddexp.reduce(scores))
        best.append(list(paths[int(np.argmax(scores))]))
        score.append(max(scores))
        for path, probability in zip(paths, np.exp(scores - log_z[-1]), strict=True):
            marginal[b, np.flatnonzero(chain.mask[b]), list(path)] += probability
    return np.array(log_z), best, np.array(score), marginal


@pytest.mark.parametrize("tags", [1, 2, 4])
def test_equals_enumeration(tags):
    chain = random_chain(tags=tags, seed=tags)
    log_z, best, score, marginal = enumerated(chain)
    potentials = tf.constant(chain.potentials, tf.float32)
    np.testing.assert_allclose(log_partition(potentials), log_z, rtol=1e-5, atol=1e-5)
    tag_ids, best_score = viterbi(potentials)
    assert [row[mask].tolist() for row, mask in zip(tag_ids.numpy(), chain.mask, strict=True)] == best
    np.testing.assert_allclose(best_score, score, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(marginals(potentials).numpy()[chain.mask], marginal[chain.mask], atol=1e-5)


def test_every_path_scores_its_definition():
    chain = random_chain(MASKS[3:4])
    paths, scores = zip(*chain.paths(0), strict=True)
    tag_ids = np.full([len(paths), MASKS.shape[1]], -1)
    tag_ids[:, chain.mask[0]] = paths
    potentials = tf.repeat(tf.constant(chain.potentials), len(paths), axis=0)
    np.testing.assert_allclose(path_score(potentials, tag_ids), scores, rtol=1e-12)


def test_gradient_of_log_partition_is_the_pairwise_marginals():
    chain = random_chain()
    potentials = tf.constant(chain.potentials)
    upstream = tf.constant(np.random.default_rng(1).normal(size=len(chain.mask)))
    with tf.GradientTape() as tape:
        tape.watch(potentials)
        log_z = log_partition(potentials)
    gradient = tape.gradient(log_z, potentials, output_gradients=upstream).numpy()
    expected = np.zeros(potentials.shape)
    for b, mask in enumerate(chain.mask):
        for path, score in chain.paths(b):
            full = np.zeros(len(mask) + 1, int)  # tag 0 before the first step; a missing step repeats the tag before it
            real = iter(path)
            for t, there in enumerate(mask):
                full[t + 1] = next(real) if there else full[t]
            expected[b, range(len(mask)), full[:-1], full[1:]] += np.exp(score - log_z[b]) * upstream[b]
    np.testing.assert_allclose(gradient, expected, atol=1e-12)


@pytest.mark.skipif(bool(tf.config.list_physical_devices("GPU")), reason="GPU kernels do not check indices")
def test_path_of_an_unknown_tag_is_refused():
    with pytest.raises(tf.errors.InvalidArgumentError):
        path_score(tf.zeros([2, 3, 4, 4]), [[0, 4, 0], [0, 0, 0]])


def test_gradient_of_path_score_is_the_path():
    potentials = tf.constant(random_chain().potentials)[:1]
    with tf.GradientTape() as tape:
        tape.watch(potentials)
        score = path_score(potentials, [[2, 0, 1, 1, 2]])
    gradient = tf.convert_to_tensor(tape.gradient(score, potentials))
    assert np.argwhere(gradient.numpy()[0]).tolist() == [[0, 0, 2], [1, 2, 0], [2, 0, 1], [3, 1, 1], [4, 1, 2]]


def test_log_partition_refuses_a_second_derivative():
    @tf.function(autograph=False)
    def second(potentials):
        (first,) = tf.gradients(log_partition(potentials), potentials)
        return tf.gradients(first, potentials)

    with pytest.raises(LookupError, match="no second derivative"):
        second(tf.constant(random_chain().potentials))


def test_viterbi_repeats_the_tag_before_padding_and_its_score_is_the_path_score():
    chain = random_chain()
    tag_ids, score = viterbi(tf.constant(chain.potentials))
    for row, mask in zip(tag_ids.numpy(), chain.mask, strict=True):
        before = 0
        for tag, there in zip(row, mask, strict=True):
            assert there or tag == before
            before = tag
    np.testing.assert_allclose(path_score(tf.constant(chain.potentials), tag_ids), score, rtol=1e-12)


def test_viterbi_among_equal_paths_returns_one_whole_path():
    # Two best paths, 0-1 and 1-0: maxima taken step by step would mix them.
    step = np.array([[0.0, 1.0], [1.0, 0.0]])
    potentials = np.stack([np.array([[0.0, 0.0], [FORBIDDEN] * 2]), step])[np.newaxis]
    tag_ids, score = viterbi(tf.constant(potentials))
    assert tag_ids.numpy().tolist() in ([[0, 1]], [[1, 0]])
    assert score.numpy().tolist() == [1.0]


@pytest.mark.parametrize("shape", [(0, 4), (2, 0), (0, 0), (3, 1)])
def test_empty_and_short(shape):
    chain = random_chain(np.ones(shape, bool))
    spec = tf.TensorSpec([None, None, None, None])

    @tf.function(input_signature=[spec, tf.TensorSpec([None, None], tf.int32)])
    def everything(potentials, tag_ids):
        with tf.GradientTape() as tape:
            tape.watch(potentials)
            log_z = log_partition(potentials)
        gradient = tape.gradient(log_z, potentials)
        return log_z, path_score(potentials, tag_ids), *viterbi(potentials), marginals(potentials), gradient

    potentials = chain.potentials.astype(np.float32)
    log_z, given, tag_ids, score, marginal, gradient = everything(potentials, np.zeros(shape, np.int32))
    assert tag_ids.shape == shape
    assert marginal.shape == (*shape, 3)
    assert gradient.shape == (*shape, 3, 3)
    expected = chain.start + chain.emissions.sum(1) + chain.end if shape[1] else np.zeros((shape[0], 3))
    if shape[1]:
        np.testing.assert_allclose(log_z, np.logaddexp.reduce(expected, axis=-1), rtol=1e-5)
        np.testing.assert_array_equal(tag_ids.numpy()[:, 0], expected.argmax(-1))
    else:
        np.testing.assert_array_equal(log_z, np.zeros(shape[0]))
    np.testing.assert_allclose(given, expected[:, 0], rtol=1e-5)
    np.testing.assert_allclose(score, expected.max(-1) if shape[1] else np.zeros(shape[0]), rtol=1e-5)


def test_huge_scores():
    chain = random_chain(scale=1e4)
    log_z, best, score, marginal = enumerated(chain)
    potentials = tf.constant(chain.potentials, tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(potentials)
        actual = log_partition(potentials)
    np.testing.assert_allclose(actual, log_z, rtol=1e-5)
    tag_ids, best_score = viterbi(potentials)
    assert [row[mask].tolist() for row, mask in zip(tag_ids.numpy(), chain.mask, strict=True)] == best
    np.testing.assert_allclose(best_score, score, rtol=1e-5)
    np.testing.assert_allclose(marginals(potentials).numpy()[chain.mask], marginal[chain.mask], atol=1e-3)
    gradient = tape.gradient(actual, potentials)
    np.testing.assert_allclose(tf.reduce_sum(gradient, axis=[2, 3]), np.ones(chain.mask.shape), rtol=1e-5)


def test_float32_is_as_precise_on_a_long_sequence_as_on_a_short_one():
    chain = random_chain(np.ones([1, 3000], bool), tags=4, scale=10.0)
    exact, rounded = tf.constant(chain.potentials), tf.constant(chain.potentials, tf.float32)
    compiled = tf.function(lambda potentials: (log_partition(potentials), marginals(potentials)))
    for actual, expected, tolerance in zip(compiled(rounded), compiled(exact), [0.0, 1e-4], strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-6, atol=tolerance)


def test_compiled_by_xla_equals_plain():
    chain = random_chain()
    potentials = tf.constant(chain.potentials, tf.float32)
    tag_ids = tf.constant(np.where(chain.mask, 1, -1), tf.int32)

    def everything(potentials, tag_ids):
        with tf.GradientTape() as tape:
            tape.watch(potentials)
            loss = log_partition(potentials) - path_score(potentials, tag_ids)
        return loss, tape.gradient(loss, potentials), *viterbi(potentials), marginals(potentials)

    compiled = tf.function(everything, jit_compile=True)
    for actual, expected in zip(compiled(potentials, tag_ids), everything(potentials, tag_ids), strict=True):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)
