"""The CRF layer and its loss, against enumeration and in a Keras model that trains, saves and loads."""

import itertools
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import tag_schemes
from zoo.decoding import marginals, viterbi
from zoo.layers.crf import CRF, CRFLoss, negative_log_likelihood

MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 0, 1, 1], [1, 0, 0, 1], [0, 1, 0, 0], [0, 0, 0, 0]], bool)
TAGS = ["O", "B-PER", "I-PER"]
START, TRANSITIONS, END = tag_schemes.allowed_transitions(TAGS, "iob2")


def random_crf(seed=0, **kwargs):
    """A float64 CRF over TAGS with random scores."""
    initializer = keras.initializers.RandomNormal(stddev=1.0, seed=seed)
    crf = CRF(len(TAGS), initializer=initializer, dtype="float64", **kwargs)
    crf.build((None, None, len(TAGS)))
    return crf


def allowed_paths(crf, emissions):
    """Every path through the emissions [time, tags] that the constraints allow, with its score."""
    transitions, start, end = (weight.numpy() for weight in crf.weights)
    for path in itertools.product(range(len(TAGS)), repeat=len(emissions)):
        pairs = list(itertools.pairwise(path))
        if path and crf.allowed_start and not crf.allowed_start[path[0]]:
            continue
        if path and crf.allowed_end and not crf.allowed_end[path[-1]]:
            continue
        if crf.allowed_transitions and not all(crf.allowed_transitions[i][j] for i, j in pairs):
            continue
        score = emissions[range(len(path)), path].sum() + sum(transitions[pair] for pair in pairs)
        yield path, score + (start[path[0]] + end[path[-1]] if path else 0.0)


@pytest.mark.parametrize(
    "constraints",
    [
        {},
        {"allowed_start": START, "allowed_transitions": TRANSITIONS, "allowed_end": END},
        {"allowed_start": [True, False, True], "allowed_end": [False, True, True]},
    ],
    ids=["free", "iob2", "ends"],
)
def test_loss_viterbi_and_marginals_equal_enumeration(constraints):
    crf = random_crf(**constraints)
    emissions = np.random.default_rng(0).normal(size=(*MASK.shape, len(TAGS)))
    potentials = crf(emissions, mask=MASK)
    tag_ids, score = viterbi(potentials)
    probabilities = marginals(potentials).numpy()
    for b, mask in enumerate(MASK):
        paths, scores = zip(*allowed_paths(crf, emissions[b][mask]), strict=True)
        log_z = np.logaddexp.reduce(scores)
        gold = np.full([len(paths), len(mask)], -1)
        gold[:, mask] = paths
        loss = negative_log_likelihood(tf.repeat(potentials[b : b + 1], len(paths), axis=0), gold)
        np.testing.assert_allclose(loss, log_z - scores, atol=1e-9)
        assert tuple(tag_ids.numpy()[b][mask]) == paths[np.argmax(scores)]
        np.testing.assert_allclose(score[b], max(scores), atol=1e-9)
        expected = np.zeros([len(mask), len(TAGS)])
        for path, probability in zip(paths, np.exp(scores - log_z), strict=True):
            expected[np.flatnonzero(mask), list(path)] += probability
        np.testing.assert_allclose(probabilities[b][mask], expected[mask], atol=1e-9)


def test_gradients_equal_finite_differences():
    crf = random_crf(allowed_start=START, allowed_transitions=TRANSITIONS)
    emissions = tf.Variable(np.random.default_rng(0).normal(size=(*MASK.shape, len(TAGS))))
    tag_ids = np.where(MASK, [0, 1, 2, 0], -1)
    tag_ids[2] = [-1, -1, 1, 2]  # the others obey the constraints already

    @tf.function
    def loss():
        return tf.reduce_sum(negative_log_likelihood(crf(emissions, mask=MASK), tag_ids))

    with tf.GradientTape() as tape:
        value = loss()
    variables = [emissions, *(weight.value for weight in crf.weights)]
    for variable, gradient in zip(variables, tape.gradient(value, variables), strict=True):
        point, step = variable.numpy(), 1e-5
        expected = np.zeros_like(point)
        for index in np.ndindex(point.shape):
            nudge = np.zeros_like(point)
            nudge[index] = step
            variable.assign(point + nudge)
            above = loss()
            variable.assign(point - nudge)
            expected[index] = (above - loss()) / (2 * step)
        variable.assign(point)
        np.testing.assert_allclose(gradient, expected, atol=1e-7)


def test_what_stands_in_padding_changes_nothing():
    crf = CRF(3)
    emissions = np.random.default_rng(0).normal(size=(*MASK.shape, 3)).astype(np.float32)
    tag_ids = np.where(MASK, 1, -1)
    results = []
    for filler in (0.0, np.nan, np.inf):
        filled = tf.constant(np.where(MASK[..., np.newaxis], emissions, np.float32(filler)))
        with tf.GradientTape() as tape:
            tape.watch(filled)
            loss = negative_log_likelihood(crf(filled, mask=MASK), tag_ids)
        results.append((loss, *tape.gradient(loss, [filled, *crf.trainable_variables])))
    for other in results[1:]:
        for actual, expected in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(actual, expected)
    assert results[0][0].numpy()[-1] == 0  # nothing but padding


def test_potentials_are_float32_under_mixed_precision():
    before = keras.config.dtype_policy()
    try:
        keras.config.set_dtype_policy("mixed_bfloat16")
        crf = CRF(3, initializer="glorot_uniform")
        potentials = crf(tf.zeros([2, 4, 3], tf.bfloat16))
        assert potentials.dtype == tf.float32
        np.testing.assert_array_equal(potentials[0, 1], crf.transitions)
        model = tagger()
        assert model.layers[-2].compute_dtype == "bfloat16"
        model.compile("adam", loss=CRFLoss())
        assert np.isfinite(model.evaluate(*batch(), verbose=0))
    finally:
        keras.config.set_dtype_policy(before)


def tagger():
    """Embedding (which masks token 0) and CRF: the smallest model where neighbours matter."""
    tokens = keras.Input([None], dtype="int32")
    x = keras.layers.Embedding(12, 8, mask_zero=True, embeddings_initializer=keras.initializers.RandomNormal(seed=1))(
        tokens
    )
    x = keras.layers.Dense(3, kernel_initializer=keras.initializers.GlorotUniform(seed=2))(x)
    return keras.Model(tokens, CRF(3, START, TRANSITIONS, END)(x))


def batch():
    """Token ids, and tags that no token decides alone: what follows 9 is an entity, and it goes on until 8."""
    token_ids = np.array([[9, 3, 4, 8, 5, 6], [3, 9, 4, 8, 0, 0], [4, 3, 0, 0, 0, 0], [9, 5, 3, 4, 8, 0]])
    tag_ids = np.array([[0, 1, 2, 0, 0, 0], [0, 0, 1, 0, -1, -1], [0, 0, -1, -1, -1, -1], [0, 1, 2, 2, 0, -1]])
    return token_ids, tag_ids


@pytest.fixture(scope="module")
def trained():
    """The small model after 60 epochs, and its loss in each."""
    model = tagger()
    model.compile(keras.optimizers.Adam(0.1), loss=CRFLoss())
    return model, model.fit(*batch(), epochs=60, verbose=0).history["loss"]


def test_model_overfits_a_batch(trained):
    model, losses = trained
    token_ids, tag_ids = batch()
    assert losses[-1] < 0.1 < losses[0]
    best, _ = viterbi(model(token_ids))
    np.testing.assert_array_equal(np.where(tag_ids < 0, -1, best), tag_ids)


def test_training_compiled_by_xla_equals_plain(trained):
    model = tagger()
    model.compile(keras.optimizers.Adam(0.1), loss=CRFLoss(), jit_compile=True)
    losses = model.fit(*batch(), epochs=5, verbose=0).history["loss"]
    np.testing.assert_allclose(losses, trained[1][:5], rtol=1e-3)


FRESH_PROCESS = """
import sys
import keras, numpy as np
import zoo.layers.crf
model = keras.models.load_model(sys.argv[1])
data = np.load(sys.argv[2])
np.testing.assert_allclose(model(data["token_ids"]), data["potentials"], rtol=1e-5)
losses = model.fit(data["token_ids"], data["tag_ids"], epochs=5, verbose=0).history["loss"]
np.testing.assert_allclose(losses[0], data["loss"], rtol=1e-4)
assert losses[-1] < losses[0], losses
"""


def test_saved_model_goes_on_training_in_a_fresh_process(trained, tmp_path):
    model, _ = trained
    token_ids, tag_ids = batch()
    potentials = model(token_ids)
    loss = CRFLoss()(tag_ids, potentials)
    model.save(tmp_path / "tagger.keras")
    np.savez(tmp_path / "data.npz", token_ids=token_ids, tag_ids=tag_ids, loss=loss, potentials=potentials)
    command = [sys.executable, "-c", FRESH_PROCESS, str(tmp_path / "tagger.keras"), str(tmp_path / "data.npz")]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr


def test_config_round_trip():
    crf = CRF(3, START, np.array(TRANSITIONS), END, initializer="glorot_uniform", regularizer="l2", name="crf")
    copy = keras.layers.deserialize(keras.layers.serialize(crf))
    assert copy.get_config() == crf.get_config()
    assert copy.allowed_transitions == TRANSITIONS
    loss = keras.losses.deserialize(keras.losses.serialize(CRFLoss(reduction="sum")))
    assert (type(loss), loss.reduction) == (CRFLoss, "sum")


def test_loss_is_the_mean_over_sequences():
    potentials = random_crf()(np.random.default_rng(0).normal(size=(*MASK.shape, 3)), mask=MASK)
    tag_ids = np.where(MASK, 1, -1)
    expected = negative_log_likelihood(potentials, tag_ids)
    np.testing.assert_allclose(CRFLoss()(tag_ids, potentials), np.mean(expected), rtol=1e-5)
    weights = np.array([1.0, 0, 0, 2, 0, 0])
    np.testing.assert_allclose(
        CRFLoss(reduction="sum")(tag_ids, potentials, sample_weight=weights), np.sum(expected * weights), rtol=1e-5
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"allowed_start": [True, True]}, r"allowed_start has shape \[2\]"),
        ({"allowed_transitions": [[True] * 3] * 2}, r"allowed_transitions has shape \[2, 3\]"),
        ({"allowed_end": [False] * 3}, "allowed_end allows no tag"),
        ({"dtype": "bfloat16"}, "float32 or float64"),
    ],
)
def test_wrong_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        CRF(3, **arguments)


def test_emissions_of_another_tag_set_are_refused():
    with pytest.raises(ValueError, match="num_tags=3"):
        CRF(3)(np.zeros([1, 2, 4], np.float32))
