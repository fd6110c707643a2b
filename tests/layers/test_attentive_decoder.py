import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo import decoding
from zoo.layers.attentive_decoder import AttentiveDecoder
from zoo.layers.bridge import DenseBridge

IMAGES, EACH, TIME, POSITIONS, DIM = 2, 2, 5, 4, 3
ROWS, VOCABULARY, EMBEDDING, UNITS = IMAGES * EACH, 11, 4, 5
rng = np.random.default_rng(0)
tokens = rng.integers(0, VOCABULARY, (ROWS, TIME)).astype("int32")
memory = rng.normal(size=(IMAGES, POSITIONS, DIM)).astype("float32")
REAL = np.array([[1, 1, 0, 1], [1, 1, 1, 0]], bool)  # of the memory
MASK = np.array([[1, 1, 1, 0, 0], [0, 1, 1, 1, 1], [1, 0, 1, 0, 1], [1, 1, 1, 1, 1]], bool)


def make(*names, **arguments):
    keras.utils.set_random_seed(2)
    cells = [zoo.cells.get(name, UNITS, bias_initializer="random_normal") for name in names or ("lstm",)]
    return AttentiveDecoder(
        VOCABULARY, EMBEDDING, cells, context_dim=DIM, attention_units=6, embeddings_initializer="random_normal",
        **arguments,
    )  # fmt: skip


VARIANTS = {
    **{name: ((name,), {}) for name in zoo.cells.names()},
    "deep": (("gru", "lstm", "min_gru"), {"dropout": 0.5}),
    "tied and gated": (("layer_norm_lstm",), {"tied": True, "gate": True}),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_step_gives_the_numbers_of_whole_sequences(name):
    names, arguments = VARIANTS[name]
    decoder = make(*names, **arguments)
    first = [tf.constant(rng.normal(size=(ROWS, size)), tf.float32) for size in decoder.state_sizes]
    wanted, last, scores = decoder(
        tokens, states=first, context=memory, mask=MASK, context_mask=REAL, return_attention_scores=True
    )
    assert wanted.shape == (ROWS, TIME, VOCABULARY)
    assert scores.shape == (ROWS, TIME, POSITIONS)
    np.testing.assert_allclose(tf.reduce_sum(scores, axis=-1), np.ones((ROWS, TIME)), rtol=1e-5)
    np.testing.assert_array_equal(scores.numpy()[:2, :, ~REAL[0]], 0.0)
    step, states = decoder.stepper(memory, REAL), first
    for time in range(TIME):
        logits, new = step(tokens[:, time], states)
        real = MASK[:, time]
        np.testing.assert_allclose(logits[real], wanted[:, time][real], rtol=0, atol=1e-5)
        states = [tf.where(real[:, np.newaxis], after, before) for after, before in zip(new, states, strict=True)]
    for state, end in zip(states, last, strict=True):
        np.testing.assert_allclose(state, end, rtol=0, atol=1e-5)
    alone, _ = decoder.step(tokens[:, 0], first, memory, REAL)
    np.testing.assert_allclose(alone[MASK[:, 0]], wanted[:, 0][MASK[:, 0]], rtol=0, atol=1e-5)


def written_out(weights, values):
    """The equations in a Python loop, for one layer of Elman's cell: logits `[rows, time, vocabulary]`."""
    values = tf.repeat(values, EACH, axis=0)
    h, logits = tf.zeros([ROWS, UNITS]), []
    for time in range(TIME):
        hidden = tf.tanh(values @ weights["W"] + weights["b"] + (h @ weights["U"])[:, tf.newaxis])
        alpha = tf.nn.softmax((hidden @ weights["v"])[..., 0])
        context = tf.einsum("rp,rpd->rd", alpha, values)
        x = tf.concat([tf.gather(weights["embeddings"], tokens[:, time]), context], axis=-1)
        new = tf.tanh(x @ weights["kernel"] + weights["bias"] + h @ weights["recurrent_kernel"])
        h = tf.where(MASK[:, time, tf.newaxis], new, h)
        logits.append(h @ weights["output_kernel"] + weights["output_bias"])
    return tf.stack(logits, axis=1)


def test_gradients_are_those_of_the_written_out_loop():
    decoder = make("elman")
    decoder.build()
    cell, attention = decoder.layers[0].cell, decoder.attention
    weights = {
        "W": attention.memory_kernel, "b": attention.bias, "U": attention.query_kernel, "v": attention.score_kernel,
        "kernel": cell.kernel, "bias": cell.bias, "recurrent_kernel": cell.recurrent_kernel,
        "embeddings": decoder.embeddings, "output_kernel": decoder.kernel, "output_bias": decoder.bias,
    }  # fmt: skip
    assert len(weights) == len(decoder.trainable_weights)
    values, projection = tf.constant(memory), rng.normal(size=(ROWS, TIME, VOCABULARY)) * MASK[..., np.newaxis]

    @tf.function
    def found():
        with tf.GradientTape() as tape:
            tape.watch(values)
            total = tf.reduce_sum(decoder(tokens, context=values, mask=tf.constant(MASK))[0] * projection)
        gradients = tape.gradient(total, [values, *(weight.value for weight in weights.values())])
        return [tf.convert_to_tensor(each) for each in gradients]

    sources = {name: tf.convert_to_tensor(weight) for name, weight in weights.items()}
    with tf.GradientTape() as tape:
        tape.watch([values, *sources.values()])
        total = tf.reduce_sum(written_out(sources, values) * projection)
    wanted = tape.gradient(total, [values, *sources.values()])
    for name, mine, theirs in zip(["memory", *weights], found(), wanted, strict=True):
        np.testing.assert_allclose(mine, tf.convert_to_tensor(theirs), rtol=1e-4, atol=1e-5, err_msg=name)


def test_padding_and_neighbours_change_nothing():
    decoder = make("gru", "lstm", gate=True)
    logits, states = decoder(tokens, context=memory, mask=MASK, context_mask=REAL)
    for row in range(ROWS):
        image = row // EACH
        given = memory[image : image + 1, REAL[image]]
        alone, alone_states = decoder(tokens[row : row + 1, MASK[row]], context=given)
        np.testing.assert_allclose(logits[row][MASK[row]], alone[0], rtol=0, atol=1e-5)
        for state, wanted in zip(states, alone_states, strict=True):
            np.testing.assert_allclose(state[row], wanted[0], rtol=0, atol=1e-5)


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "XLA"])
def test_logits_of_some_places_are_those_of_all(compiled):
    decoder = make("gru", "lstm")
    given = {"context": memory, "mask": tf.constant(MASK), "return_attention_scores": True}
    whole, last, scores = decoder(tokens, **given)
    call = tf.function(lambda places: decoder(tokens, places=places, **given), jit_compile=compiled)
    logits, states, same = call(tf.constant(np.flatnonzero(MASK), tf.int32))
    np.testing.assert_allclose(logits, whole.numpy()[MASK], rtol=0, atol=1e-5)
    np.testing.assert_allclose(same, scores, rtol=0, atol=1e-5)
    for state, end in zip(states, last, strict=True):
        np.testing.assert_allclose(state, end, rtol=0, atol=1e-5)


def test_dropout_and_its_own_choices_in_training():
    decoder = make("lstm", dropout=0.5, seed=1)
    given = {"context": memory, "mask": MASK, "context_mask": REAL}
    plain = decoder(tokens, **given)[0]
    np.testing.assert_array_equal(decoder.forced(tokens, rate=0.0, training=False, **given)[0], plain)
    np.testing.assert_array_equal(decoder.reinjected(tokens, rate=0.0, **given), tokens)
    mixed = decoder.reinjected(tokens, rate=1.0, **given).numpy()
    assert np.any(mixed != tokens)
    np.testing.assert_array_equal(mixed[~MASK], tokens[~MASK])
    once, twice = (decoder(tokens, training=True, **given)[0].numpy() for _ in range(2))
    assert not np.allclose(once, twice)


def test_dropout_of_the_lowest_cell_is_one_mask_for_all_steps():
    cell = zoo.cells.get("elman", UNITS, dropout=0.5, recurrent_dropout=0.5, seed=3)
    decoder = AttentiveDecoder(VOCABULARY, EMBEDDING, [cell], context_dim=DIM, attention_units=6)
    of_inputs, of_states = decoder._dropout_masks(ROWS, training=True)
    assert of_inputs.shape == (ROWS, EMBEDDING + DIM)
    assert of_states.shape == (ROWS, UNITS)
    assert decoder._dropout_masks(ROWS, training=False) == (None, None)
    plain = decoder(tokens, context=memory)[0]
    assert not np.allclose(decoder(tokens, context=memory, training=True)[0], plain)


def test_file_round_trip(tmp_path):
    decoder = make("gru", "lstm", tied=True, gate=True, dropout=0.1, seed=3)
    words, given = keras.Input((None,), dtype="int32"), keras.Input((POSITIONS, DIM))
    pooled = keras.ops.repeat(keras.ops.mean(given, axis=1), EACH, axis=0)
    logits, _, scores = decoder(
        words, states=DenseBridge(decoder.state_sizes)(pooled), context=given, return_attention_scores=True
    )
    assert logits.shape == (None, None, VOCABULARY)
    assert scores.shape == (None, None, POSITIONS)
    model = keras.Model([words, given], [logits, scores])
    wanted = model([tokens, memory])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    for mine, theirs in zip(loaded([tokens, memory]), wanted, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    (copy,) = (layer for layer in loaded.layers if isinstance(layer, AttentiveDecoder))
    assert [layer.name for layer in copy.layers] == [layer.name for layer in decoder.layers]
    kept = (copy.tied, copy.context_dim, copy.dropout, copy.seed, copy.attention.units, copy.attention.gate)
    assert kept == (True, DIM, 0.1, 3, 6, True)


def test_a_training_step_compiles_under_xla():
    decoder = make("lstm")

    def gradients():
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(decoder(tokens, context=memory, mask=tf.constant(MASK))[0]))
        return [tf.convert_to_tensor(each) for each in tape.gradient(loss, decoder.trainable_variables)]

    decoder.build()
    plain, compiled = (tf.function(gradients, jit_compile=jit)() for jit in (False, True))
    for mine, theirs in zip(compiled, plain, strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-3, atol=1e-4)


def test_every_search_takes_its_step_and_a_beam_has_its_own_memory():
    decoder = make("lstm")
    first, states = tokens[:IMAGES, 0], decoder.get_initial_state(IMAGES)
    search = {"max_length": TIME, "end": 1}
    beams = decoding.beam_search(decoder.stepper(memory, REAL), first, states, beam_width=3, n_best=2, **search)
    decoding.sample(decoder.stepper(memory, REAL), first, states, seed=1, **search)
    greedy = decoding.greedy(decoder.stepper(memory, REAL), first, states, **search)
    narrow = decoding.beam_search(decoder.stepper(memory, REAL), first, states, beam_width=1, **search)
    np.testing.assert_array_equal(narrow.tokens[:, 0], greedy.tokens)
    for row in range(IMAGES):
        here = slice(row, row + 1)
        step = decoder.stepper(memory[here], REAL[here])
        alone = decoding.beam_search(step, first[here], decoder.get_initial_state(1), beam_width=3, n_best=2, **search)
        np.testing.assert_array_equal(alone.tokens[0], beams.tokens[row])


def test_a_memory_is_needed():
    with pytest.raises(ValueError, match="context_dim=3, got none"):
        make()(tokens)
    with pytest.raises(ValueError, match="context_dim=3, got none"):
        make().stepper()
