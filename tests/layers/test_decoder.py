import keras
import numpy as np
import pytest
import tensorflow as tf

import zoo.cells
from zoo import decoding, layers
from zoo.engine import paths
from zoo.layers.bridge import LabelBridge
from zoo.layers.decoder import Decoder

BATCH, TIME, VOCABULARY, EMBEDDING, UNITS, CONTEXT = 3, 6, 11, 4, 5, 2
rng = np.random.default_rng(0)
tokens = rng.integers(0, VOCABULARY, (BATCH, TIME)).astype("int32")
context = rng.normal(size=(BATCH, CONTEXT)).astype("float32")
# Right-padded, left-padded, with holes.
MASK = np.array([[1, 1, 1, 0, 0, 0], [0, 0, 1, 1, 1, 1], [1, 0, 1, 1, 0, 1]], bool)


def make(*names, **arguments):
    keras.utils.set_random_seed(2)
    cells = [zoo.cells.get(name, UNITS, bias_initializer="random_normal") for name in names or ("lstm",)]
    # Small initial embeddings would give all tokens the same logits.
    return Decoder(VOCABULARY, EMBEDDING, cells, embeddings_initializer="random_normal", **arguments)


VARIANTS = {
    **{name: ((name,), {}) for name in zoo.cells.names()},
    "deep": (("gru", "lstm", "min_gru"), {"dropout": 0.5}),
    "tied": (("lstm",), {"tied": True}),
    "context": (("gru",), {"context_dim": CONTEXT}),
    "all": (("layer_norm_lstm", "gru"), {"context_dim": CONTEXT, "tied": True, "dropout": 0.5}),
}


@pytest.mark.parametrize("name", VARIANTS)
def test_a_step_gives_the_numbers_of_whole_sequences(name):
    names, arguments = VARIANTS[name]
    decoder = make(*names, **arguments)
    given = context if "context_dim" in arguments else None
    first = [tf.constant(rng.normal(size=(BATCH, size)), tf.float32) for size in decoder.state_sizes]
    wanted, last = decoder(tokens, states=first, context=given)
    assert wanted.shape == (BATCH, TIME, VOCABULARY)
    for step in (lambda *each: decoder.step(*each, given), decoder.stepper(given)):
        states = first
        for time in range(TIME):
            logits, states = step(tokens[:, time], states)
            np.testing.assert_allclose(logits, wanted[:, time], rtol=0, atol=1e-5)
        for state, end in zip(states, last, strict=True):
            np.testing.assert_allclose(state, end, rtol=0, atol=1e-5)


def test_large_vocabularies_are_not_tabulated():
    decoder = Decoder(1500, EMBEDDING, [zoo.cells.get("gru", UNITS)])
    states = decoder.get_initial_state(BATCH)
    step = decoder.stepper()
    assert step.table is None
    assert make().stepper().table is not None
    np.testing.assert_allclose(step(tokens[:, 0], states)[0], decoder(tokens[:, :1])[0][:, 0], rtol=0, atol=1e-6)


def test_states_default_to_zeros():
    decoder = make("lstm", "gru")
    assert decoder.state_sizes == [UNITS] * 3
    zeros = decoder.get_initial_state(BATCH)
    np.testing.assert_array_equal(decoder(tokens)[0], decoder(tokens, states=zeros)[0])


def test_padding_and_neighbours_change_nothing():
    decoder = make("gru", "lstm", context_dim=CONTEXT)
    logits, states = decoder(tokens, context=context, mask=MASK)
    for row in range(BATCH):
        alone, alone_states = decoder(tokens[row : row + 1, MASK[row]], context=context[row : row + 1])
        np.testing.assert_allclose(logits[row][MASK[row]], alone[0], rtol=0, atol=1e-5)
        for state, wanted in zip(states, alone_states, strict=True):
            np.testing.assert_allclose(state[row], wanted[0], rtol=0, atol=1e-5)


def test_tied_embeddings_are_the_output_kernel():
    decoder = make(tied=True)
    decoder.build()
    assert decoder.kernel.shape == (UNITS, EMBEDDING)
    outputs = rng.normal(size=(BATCH, UNITS)).astype("float32")
    wanted = outputs @ decoder.kernel.numpy() @ decoder.embeddings.numpy().T
    np.testing.assert_allclose(decoder.read_out(tf.constant(outputs)), wanted, rtol=0, atol=1e-6)
    same_width = Decoder(VOCABULARY, UNITS, [zoo.cells.get("gru", UNITS)], tied=True)
    same_width.build()
    assert same_width.kernel is None
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(tf.square(decoder(tokens[:, :1])[0]))
    gradient = tf.convert_to_tensor(tape.gradient(loss, decoder.embeddings.value)).numpy()
    assert np.all(np.any(gradient != 0, axis=1))  # of tokens that were not read, too


def test_dropout_lies_outside_the_recurrence():
    decoder = make("elman", dropout=0.5, seed=1)
    np.testing.assert_array_equal(decoder(tokens)[0], decoder(tokens, training=False)[0])
    once, twice = (decoder(tokens, training=True)[0].numpy() for _ in range(2))
    assert not np.allclose(once, twice)
    # An embedding that is dropped whole leaves the recurrence itself.
    decoder.embeddings.assign(tf.zeros_like(decoder.embeddings))
    np.testing.assert_allclose(decoder(tokens, training=True)[1][0], decoder(tokens)[1][0], rtol=0, atol=1e-6)


def test_mixed_precision():
    previous = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        decoder = make("lstm", "min_gru", tied=True)
    finally:
        keras.config.set_dtype_policy(previous)
    logits, states = decoder(tokens)
    assert logits.dtype == tf.float32
    assert {state.dtype for state in states} == {tf.bfloat16}
    step, state = decoder.stepper(), decoder.get_initial_state(BATCH)
    for time in range(TIME):
        found, state = step(tokens[:, time], state)
        np.testing.assert_allclose(found, logits[:, time], rtol=0, atol=0.05)
    assert [part.dtype for part in state] == [part.dtype for part in states]
    beams = decoding.beam_search(step, tokens[:, 0], state, max_length=3, beam_width=2)
    assert np.all(np.isfinite(beams.scores))


def test_symbolic_shapes():
    decoder = make("lstm", context_dim=CONTEXT)
    given, real = keras.Input((CONTEXT,)), keras.Input((None,), dtype="bool")
    logits, states = decoder(keras.Input((None,), dtype="int32"), context=given, mask=real)
    assert logits.shape == (None, None, VOCABULARY)
    assert [state.shape for state in states] == [(None, UNITS)] * 2


def test_a_mask_comes_with_the_tokens_and_goes_with_the_logits():
    decoder = make("gru")
    masked = tf.constant(tokens)
    masked._keras_mask = tf.constant(MASK)
    logits, states = decoder(masked)
    np.testing.assert_array_equal(states[0], decoder(tokens, mask=MASK)[1][0])
    np.testing.assert_array_equal(logits._keras_mask, MASK)
    assert getattr(states[0], "_keras_mask", None) is None


def test_file_round_trip_and_training(tmp_path):
    """The saved model gives the same numbers, and a step of training changes every weight."""
    decoder = make("gru", "lstm", tied=True, context_dim=CONTEXT, dropout=0.1, seed=3)
    words, labels = keras.Input((None,), dtype="int32"), keras.Input((), dtype="int32")
    given = keras.Input((CONTEXT,))
    logits, _ = decoder(words, states=LabelBridge(4, decoder.state_sizes)(labels), context=given)
    model = keras.Model([words, labels, given], logits)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("sgd", loss, run_eagerly=True)  # tracing a graph would cost most of the time
    inputs = [tokens, np.array([0, 3, 1]), context]
    before = [weight.numpy() for weight in model.trainable_weights]
    model.train_on_batch(inputs, tokens)
    after = [weight.numpy() for weight in model.trainable_weights]
    assert len(before) == 10
    assert all(not np.array_equal(old, new) for old, new in zip(before, after, strict=True))
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(inputs), model(inputs))
    (copy,) = (layer for layer in loaded.layers if isinstance(layer, Decoder))
    assert [layer.name for layer in copy.layers] == [layer.name for layer in decoder.layers]
    assert (copy.tied, copy.context_dim, copy.dropout, copy.seed) == (True, CONTEXT, 0.1, 3)


def test_the_engine_runs_whole_sequences():
    """Compiled loops give the gradients of the plain one."""
    decoder = make("gru", tied=True)
    decoder.build()

    @tf.function
    def gradients(words):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(decoder(words, mask=tf.constant(MASK))[0]))
        return [tf.convert_to_tensor(each) for each in tape.gradient(loss, decoder.trainable_variables)]

    found = gradients(tokens)
    with paths.plain():
        wanted = gradients.python_function(tokens)
    for mine, plain in zip(found, wanted, strict=True):
        np.testing.assert_allclose(mine, plain, rtol=0, atol=1e-4)


def test_generates_from_an_export(tmp_path):
    """All hypotheses of a row have its context; whatever serves needs core operations only."""
    decoder = make("lstm", context_dim=CONTEXT)

    def generate(first, given, seed):
        states = decoder.get_initial_state(tf.shape(first)[0])
        step = decoder.stepper(given)
        beams = decoding.beam_search(step, first, states, max_length=TIME, beam_width=3, end=1, n_best=2)
        return {
            "beams": beams.tokens,
            "scores": beams.scores,
            "text": decoding.sample(step, first, states, max_length=TIME, seed=seed).tokens,
        }

    arguments = {"first": tf.constant(tokens[:, 0]), "given": tf.constant(context), "seed": tf.constant(3)}
    wanted = generate(**arguments)
    for row in range(BATCH):
        alone = generate(arguments["first"][row : row + 1], context[row : row + 1], 3)
        np.testing.assert_array_equal(alone["beams"][0], wanted["beams"][row])
    module = tf.Module()
    module.variables_of = decoder.variables
    module.generate = tf.function(
        generate,
        input_signature=[
            tf.TensorSpec([None], tf.int32, "first"),
            tf.TensorSpec([None, CONTEXT], tf.float32, "given"),
            tf.TensorSpec([], tf.int32, "seed"),
        ],
    )
    tf.saved_model.save(module, tmp_path / "model", signatures=module.generate)
    served = tf.saved_model.load(tmp_path / "model").signatures["serving_default"]
    for name, part in served(**arguments).items():
        np.testing.assert_allclose(part, wanted[name], rtol=1e-5, err_msg=name)
    graph = served.graph.as_graph_def()
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    assert len(nodes) > 100
    assert not [node.op for node in nodes if "Xla" in node.op or "Cudnn" in node.op]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vocabulary_size": 0}, "`vocabulary_size` must be at least 1, got 0"),
        ({"context_dim": 0}, "`context_dim` must be at least 1, got 0"),
        ({"dropout": 1.0}, r"rate in \[0, 1\), got 1.0"),
        ({"layers": []}, "at least one layer"),
        ({"layers": [layers.LSTM(3, return_sequences=True, name="low")]}, "layer low cannot decode.*return_state=True"),
        ({"layers": [layers.GRU(3, return_state=True)]}, "return_sequences=True"),
        (
            {"layers": [layers.GRU(3, return_sequences=True, return_state=True, go_backwards=True)]},
            "go_backwards=False",
        ),
        ({"layers": [layers.Bidirectional(layers.GRU(3))]}, "recurrent layers of one direction, got Bidirectional"),
        ({"layers": [keras.layers.GRU(3)]}, "this library's recurrent layers"),
    ],
)
def test_what_cannot_decode(arguments, message):
    with pytest.raises(ValueError, match=message):
        Decoder(**{"vocabulary_size": 5, "embedding_dim": 2, "layers": [zoo.cells.get("gru", 3)], **arguments})


def test_a_context_must_be_expected():
    with pytest.raises(ValueError, match="context_dim=None, got one"):
        make()(tokens, context=context)
    with pytest.raises(ValueError, match="context_dim=2, got none"):
        make(context_dim=CONTEXT).stepper()


@pytest.mark.parametrize("compiled", [False, True], ids=["graph", "XLA"])
def test_logits_of_some_places_are_those_of_all(compiled):
    decoder = make("gru", "lstm", context_dim=CONTEXT, tied=True)
    whole, last = decoder(tokens, context=context, mask=MASK)
    places = tf.constant(np.flatnonzero(MASK), tf.int32)
    call = tf.function(lambda places: decoder(tokens, context=context, mask=MASK, places=places), jit_compile=compiled)
    logits, states = call(places)
    assert logits.shape[-1] == VOCABULARY
    np.testing.assert_allclose(logits, whole.numpy()[MASK], rtol=0, atol=1e-5)
    for state, end in zip(states, last, strict=True):
        np.testing.assert_allclose(state, end, rtol=0, atol=1e-5)
    assert decoder(tokens, context=context, places=tf.zeros([0], tf.int32))[0].shape == (0, VOCABULARY)
