import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo import cells
from zoo.layers.characters import CharacterBiRNN, CharacterCNN

NUM_CHARS, DIM = 9, 4
MAKERS = {
    "cnn": lambda **kwargs: CharacterCNN(NUM_CHARS, DIM, filters=5, width=3, **kwargs),
    "bilstm": lambda **kwargs: CharacterBiRNN(
        cells.get("lstm", 3, dtype=kwargs.get("dtype")), NUM_CHARS, DIM, **kwargs
    ),
}
every_reader = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


def random_words(shape=(2, 3, 7), seed=0):
    """Ids of words of every length from 1 to the last dimension, padded with 0."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(1, NUM_CHARS, shape)
    lengths = rng.integers(1, shape[-1] + 1, shape[:-1])
    return np.where(np.arange(shape[-1]) < lengths[..., None], ids, 0).astype("int32")


def randomised(layer, seed=1):
    """Returns the layer, built, with random weights (biases and padding's embedding too)."""
    rng = np.random.default_rng(seed)
    layer.build((None, None, None))
    layer.set_weights([rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


@pytest.mark.parametrize("width", [1, 2, 3, 4, 5])
def test_cnn_is_a_convolution_and_a_maximum(width):
    layer = randomised(CharacterCNN(NUM_CHARS, DIM, filters=5, width=width))
    kernel, bias, embeddings = layer.get_weights()
    kernel = kernel.reshape(width, DIM, 5)
    words = random_words()
    output = layer(words).numpy()
    assert output.shape == (2, 3, 5)
    left = (width - 1) // 2  # as many zeros on the left as on the right, or one fewer
    for place in np.ndindex(2, 3):
        letters = embeddings[words[place][words[place] > 0]]
        padded = np.pad(letters, [(left, width - 1 - left), (0, 0)])
        windows = [np.einsum("wd,wdf->f", padded[i : i + width], kernel) for i in range(len(letters))]
        np.testing.assert_allclose(output[place], np.max(windows, axis=0) + bias, rtol=1e-5, atol=1e-5)


def test_birnn_is_the_last_states_of_both_directions():
    layer = randomised(MAKERS["bilstm"]())
    embeddings, *weights = layer.get_weights()
    words = random_words()
    output = layer(words).numpy()
    for place in np.ndindex(2, 3):
        letters = embeddings[words[place][words[place] > 0]][None].astype("float32")
        for direction in range(2):
            lstm = keras.layers.LSTM(3, go_backwards=direction == 1)
            lstm.build(letters.shape)
            lstm.set_weights(weights[3 * direction : 3 * direction + 3])
            np.testing.assert_allclose(output[place][3 * direction :][:3], lstm(letters)[0], rtol=1e-5, atol=1e-5)


@every_reader
def test_padding_changes_nothing(make):
    layer, words = randomised(make()), random_words()
    output = layer(words)
    wider = np.pad(words, [(0, 1), (0, 2), (0, 4)])
    np.testing.assert_allclose(layer(wider)[:2, :3], output, rtol=0, atol=1e-6)
    for place in np.ndindex(2, 3):
        alone = words[place][words[place] > 0][None, None]
        np.testing.assert_allclose(layer(alone)[0, 0], output[place], rtol=0, atol=1e-6)


@every_reader
def test_padding_gets_no_gradient(make):
    layer = randomised(make())
    words = tf.constant(random_words())
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.sin(layer(words)))
    gradient = tf.convert_to_tensor(tape.gradient(loss, layer.embedding.embeddings)).numpy()
    np.testing.assert_array_equal(gradient[0], 0)
    assert np.abs(gradient[1:]).max() > 0


def test_a_word_without_characters_is_the_bias_or_zero():
    words = np.zeros((1, 2, 4), "int32")
    cnn = randomised(MAKERS["cnn"]())
    np.testing.assert_array_equal(cnn(words), np.broadcast_to(cnn.bias, (1, 2, 5)))
    np.testing.assert_array_equal(randomised(MAKERS["bilstm"]())(words), np.zeros((1, 2, 6)))


@every_reader
@pytest.mark.parametrize("shape", [(0, 1, 1), (2, 1, 1)])
def test_no_words_and_one_character(make, shape):
    output = randomised(make())(np.ones(shape, "int32"))
    assert output.shape[:2] == shape[:2]
    assert np.isfinite(output).all()


@every_reader
def test_dropout_acts_in_training_only(make):
    layer, words = randomised(make(dropout=0.5, seed=3)), random_words()
    same = randomised(make(dropout=0.5, seed=3))
    plain = randomised(make())
    np.testing.assert_array_equal(layer(words, training=False), plain(words))
    dropped = layer(words, training=True)
    assert not np.allclose(dropped, plain(words))
    np.testing.assert_array_equal(dropped, same(words, training=True))


@every_reader
def test_mixed_precision(make):
    words = random_words()
    exact = randomised(make())(words).numpy()
    output = randomised(make(dtype="mixed_bfloat16"))(words)
    assert output.dtype == tf.bfloat16
    np.testing.assert_allclose(tf.cast(output, tf.float32), exact, rtol=0, atol=0.05 * np.abs(exact).max())


@every_reader
def test_in_a_model_that_is_saved_and_loaded(make, tmp_path):
    inputs = keras.Input([None, None], dtype="int32")
    layer = make(dropout=0.25, seed=5)
    model = keras.Model(inputs, layer(inputs))
    words = random_words()
    assert model.output_shape == (None, None, layer.features)
    model.save(tmp_path / "words.keras")
    loaded = keras.models.load_model(tmp_path / "words.keras")
    np.testing.assert_array_equal(loaded(words), model(words))
    assert loaded.layers[-1].get_config() == layer.get_config()


@every_reader
def test_xla_compiles_and_agrees(make):
    layer, words = randomised(make()), random_words()
    compiled = tf.function(lambda ids: layer(ids), jit_compile=True)
    np.testing.assert_allclose(compiled(words), layer(words), rtol=0, atol=1e-5)
