import keras
import numpy as np
import tensorflow as tf

import zoo.cells
from zoo import decoding
from zoo.layers.decoder import Decoder

BATCH, TIME, VOCABULARY = 4, 6, 7
tokens = np.random.default_rng(0).integers(0, VOCABULARY, (BATCH, TIME)).astype("int32")


def make(*names, **arguments):
    keras.utils.set_random_seed(5)
    cells = [zoo.cells.get(name, 5) for name in names or ("lstm", "gru")]
    decoder = Decoder(VOCABULARY, 3, cells, embeddings_initializer="random_normal", **arguments)
    decoder.build()
    return decoder


def test_rate_0_is_teacher_forcing():
    decoder = make()
    wanted, states = decoder(tokens)
    for rate in (0.0, tf.constant(0.0), tf.Variable(0.0), keras.Variable(0.0)):
        logits, last = decoder.forced(tokens, rate=rate)
        np.testing.assert_array_equal(logits, wanted)
        np.testing.assert_array_equal(last[-1], states[-1])


def test_rate_1_is_free_running():
    decoder = make()
    free = decoding.greedy(decoder.stepper(), tokens[:, 0], decoder.get_initial_state(BATCH), max_length=TIME).tokens
    read = decoder.reinjected(tokens, rate=1.0)
    np.testing.assert_array_equal(read[:, 0], tokens[:, 0])
    np.testing.assert_array_equal(read[:, 1:], free[:, :-1])
    assert not np.array_equal(read, tokens)
    logits, _ = decoder.forced(tokens, rate=1.0, training=False)
    np.testing.assert_array_equal(tf.argmax(logits, axis=-1), free)


def test_the_rate_is_the_share_of_own_tokens():
    """A model that always chooses token 0 shows where it was asked."""
    decoder = make(seed=1)
    decoder.bias.assign([100.0] + [0.0] * (VOCABULARY - 1))
    given = tf.fill([500, 11], 3)
    for rate in (0.2, 0.7):
        for sampled in (False, True):
            read = decoder.reinjected(given, rate=rate, sampled=sampled).numpy()
            assert np.all(read[:, 0] == 3)
            assert set(read[:, 1:].ravel()) == {0, 3}
            assert abs(np.mean(read[:, 1:] == 0) - rate) < 0.03  # four standard deviations


def test_choices_may_be_drawn():
    decoder = make(seed=2)
    decoder.kernel.assign(tf.zeros_like(decoder.kernel))
    probabilities = np.array([0.4, 0.3, 0.2, 0.05, 0.02, 0.02, 0.01])
    decoder.bias.assign(np.log(probabilities))
    read = decoder.reinjected(tf.zeros([1000, 6], tf.int32), rate=1.0, sampled=True).numpy()
    counts = np.bincount(read[:, 1:].ravel(), minlength=VOCABULARY)
    wanted = 5000 * probabilities
    assert np.sum((counts - wanted) ** 2 / wanted) < 22.46  # chi-square, 6 degrees of freedom, 0.001
    assert not np.array_equal(read, decoder.reinjected(tf.zeros([1000, 6], tf.int32), rate=1.0, sampled=True))


def test_gradients_go_through_the_chosen_path():
    """As if the choices had been given: written out step by step, with the choice cut out of the gradient."""
    decoder = make()
    with tf.GradientTape() as tape:
        logits, _ = decoder.forced(tokens, rate=1.0)
        loss = tf.reduce_sum(tf.square(logits))
    found = tape.gradient(loss, decoder.trainable_variables)
    with tf.GradientTape() as tape:
        states, token, loss = decoder.get_initial_state(BATCH), tokens[:, 0], 0.0
        for _ in range(TIME):
            logits, states = decoder.step(token, states)
            loss += tf.reduce_sum(tf.square(logits))
            token = tf.argmax(logits, axis=-1, output_type=tf.int32)
    for mine, wanted in zip(found, tape.gradient(loss, decoder.trainable_variables), strict=True):
        np.testing.assert_allclose(tf.convert_to_tensor(mine), tf.convert_to_tensor(wanted), rtol=1e-4, atol=1e-5)


def test_padding_changes_nothing():
    """The choice before a hole is read after it; a sequence's first real token is never replaced."""
    decoder = make()
    mask = np.array([[1, 1, 1, 1, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 1, 1, 0, 1], [0, 0, 0, 0, 0, 0]], bool)
    states = [tf.ones([BATCH, size]) for size in decoder.state_sizes]
    read = decoder.reinjected(tokens, states, mask=mask, rate=1.0).numpy()
    np.testing.assert_array_equal(read[~mask], tokens[~mask])
    for row in range(3):
        first = [state[row : row + 1] for state in states]
        alone = decoder.reinjected(tokens[row : row + 1, mask[row]], first, rate=1.0).numpy()
        np.testing.assert_array_equal(read[row, mask[row]], alone[0])


def test_trains_under_xla_with_a_variable_rate():
    decoder = make("gru")
    rate = tf.Variable(1.0)

    @tf.function(jit_compile=True)
    def trained(words):
        with tf.GradientTape() as tape:
            logits, _ = decoder.forced(words, rate=rate)
            loss = tf.reduce_sum(tf.square(logits))
        return logits, tape.gradient(loss, decoder.layers[0].cell.kernel.value)

    for value in (1.0, 0.0):
        rate.assign(value)
        logits, gradient = trained(tf.constant(tokens))
        np.testing.assert_allclose(logits, decoder.forced(tokens, rate=value)[0], rtol=0, atol=1e-5)
        assert np.any(gradient.numpy() != 0)


def test_empty_sequences():
    decoder = make()
    logits, _ = decoder.forced(tokens[:, :0], rate=0.5)
    assert logits.shape == (BATCH, 0, VOCABULARY)
