"""The way to cuDNN, held to the layers' loop: without a GPU by an emulation of the op, with one by the op itself."""

import contextlib

import keras
import numpy as np
import pytest
import tensorflow as tf

from zoo.cells import ElmanCell, GRUCell, LSTMCell, PeepholeLSTMCell
from zoo.engine import cudnn
from zoo.engine.cudnn_weights import pack
from zoo.layers import Bidirectional, Deep, Recurrent

BATCH, TIME, INPUT, UNITS = 5, 6, 3, 4

MASKS = {
    "none": None,
    "full": np.ones((BATCH, TIME), bool),
    "right": np.arange(TIME) < np.array([6, 1, 3, 5, 2])[:, None],
    "left": np.arange(TIME) >= np.array([0, 5, 3, 1, 4])[:, None],
    "holes": np.array([[1, 0, 1, 1, 0, 1], [0, 1, 0, 0, 1, 0], [0, 0, 0, 0, 0, 1], [1, 1, 0, 0, 0, 0], [1] * 6], bool),
    "empty rows": np.array([[0] * 6, [1] * 6, [0, 1, 1, 0, 1, 0], [0] * 6, [1, 1, 0, 0, 0, 0]], bool),
    "all empty": np.zeros((BATCH, TIME), bool),
}
CELLS = {
    "lstm": LSTMCell,
    "gru": GRUCell,
    "elman": ElmanCell,
    "irnn": lambda *args, **kwargs: ElmanCell(*args, activation="relu", **kwargs),
    "lstm without bias": lambda *args, **kwargs: LSTMCell(*args, use_bias=False, **kwargs),
    "gru without bias": lambda *args, **kwargs: GRUCell(*args, use_bias=False, **kwargs),
}
GATES = {"lstm": 4, "gru": 3, "rnn_tanh": 1, "rnn_relu": 1}


class Emulation:
    """What `CudnnRNNV3` does, from the equations and the layout in NVIDIA's and TensorFlow's documentation.

    It is as hard to please as the kernels are: lengths of at least one, parameters to the last number, and no call with
    padding by an op that first ran without. Beyond the lengths, outputs are zero and gradients are not defined (NaN).
    """

    def __init__(self):
        self.calls = []
        self.pads = {}

    def __call__(self, **op):
        self.calls.append(op)
        assert op["time_major"]
        assert op["is_training"]
        assert op["input_mode"] == "linear_input"
        assert op["sequence_lengths"].dtype == tf.int32
        lengths = op["sequence_lengths"].numpy()
        time, batch, _ = op["input"].shape
        self._check_lengths(lengths, time, batch, op["seed2"])
        directions = 2 if op["direction"] == "bidirectional" else 1
        layers, rest = divmod(op["input_h"].shape[0], directions)
        assert rest == 0
        has_c = op["rnn_mode"] == "lstm"
        assert op["input_c"].shape == (op["input_h"].shape if has_c else ())
        weights = self._unpack(op, layers, directions)
        sequence, last_h, last_c = _nan_gradient_beyond(op["input"], lengths), [], []
        for layer in range(layers):
            outputs = []
            for direction in range(directions):
                index = layer * directions + direction
                states = (op["input_h"][index], op["input_c"][index]) if has_c else (op["input_h"][index],)
                walk = tf.reverse_sequence(sequence, lengths, 0, 1) if direction else sequence
                output, states = self._walk(op["rnn_mode"], walk, states, lengths, weights[index])
                outputs.append(tf.reverse_sequence(output, lengths, 0, 1) if direction else output)
                last_h.append(states[0])
                last_c.append(states[-1])
            sequence = tf.concat(outputs, axis=-1)
        return sequence, tf.stack(last_h), tf.stack(last_c) if has_c else tf.zeros([]), None, None

    def _check_lengths(self, lengths, time, batch, seed2):
        assert lengths.shape == (batch,)
        assert batch >= 1
        assert lengths.min() >= 1
        assert lengths.max() <= time
        pads = bool((lengths != time).any())
        assert self.pads.setdefault((time, seed2), pads) == pads

    @staticmethod
    def _unpack(op, layers, directions):
        """Per pseudo-layer: the gates' input matrices, recurrent matrices, input biases, recurrent biases."""
        gates, units, numbers = GATES[op["rnn_mode"]], op["input_h"].shape[2], op["params"]
        position = 0

        def take(*shape):
            nonlocal position
            size = int(np.prod(shape))
            position += size
            return tf.reshape(numbers[position - size : position], shape)

        def width(layer):
            return op["input"].shape[2] if layer == 0 else directions * units

        pseudo_layers = [layer for layer in range(layers) for _ in range(directions)]
        matrices = [
            ([take(units, width(layer)) for _ in range(gates)], [take(units, units) for _ in range(gates)])
            for layer in pseudo_layers
        ]
        biases = [([take(units) for _ in range(gates)], [take(units) for _ in range(gates)]) for _ in pseudo_layers]
        assert position == numbers.shape[0]
        return [(*pair, *bias) for pair, bias in zip(matrices, biases, strict=True)]

    @classmethod
    def _walk(cls, mode, sequence, states, lengths, weights):
        outputs = []
        for time, x in enumerate(tf.unstack(sequence)):
            real = tf.constant(time < lengths)[:, None]
            new = cls._step(mode, x, states, *weights)
            states = tuple(tf.where(real, n, o) for n, o in zip(new, states, strict=True))
            outputs.append(tf.where(real, states[0], tf.zeros_like(states[0])))
        return tf.stack(outputs), states

    @staticmethod
    def _step(mode, x, states, w, r, bw, br):
        h = states[0]
        of_x = [tf.matmul(x, matrix, transpose_b=True) + bias for matrix, bias in zip(w, bw, strict=True)]
        of_h = [tf.matmul(h, matrix, transpose_b=True) + bias for matrix, bias in zip(r, br, strict=True)]
        if mode == "lstm":
            i, f, g, o = (a + b for a, b in zip(of_x, of_h, strict=True))
            c = tf.sigmoid(f) * states[1] + tf.sigmoid(i) * tf.tanh(g)
            return tf.sigmoid(o) * tf.tanh(c), c
        if mode == "gru":
            reset, update = (tf.sigmoid(of_x[gate] + of_h[gate]) for gate in (0, 1))
            candidate = tf.tanh(of_x[2] + reset * of_h[2])
            return ((1 - update) * candidate + update * h,)
        return ({"rnn_tanh": tf.tanh, "rnn_relu": tf.nn.relu}[mode](of_x[0] + of_h[0]),)


def _nan_gradient_beyond(sequence, lengths):
    within = tf.constant(np.arange(sequence.shape[0])[:, None] < lengths)[..., None]

    @tf.custom_gradient
    def identity(x):
        return tf.identity(x), lambda upstream: tf.where(within, upstream, tf.constant(np.nan, upstream.dtype))

    return identity(sequence)


@pytest.fixture
def emulation(monkeypatch):
    emulation = Emulation()
    monkeypatch.setattr(cudnn.tf.raw_ops, "CudnnRNNV3", emulation)
    return emulation


@pytest.fixture
def gpu(monkeypatch):
    """A GPU, as far as the question goes whether there is one."""
    monkeypatch.setattr(cudnn, "_refusal_of_surroundings", lambda: None)


def cell_of(name, units=UNITS, **kwargs):
    return CELLS[name](units, bias_initializer="random_normal", **kwargs)


def layer_of(name, *, directions=1, depth=1, **kwargs):
    layer = Recurrent(cell_of(name), return_sequences=True, return_state=True, **kwargs)
    layer = Bidirectional(layer) if directions == 2 else layer
    layer = Deep(layer, depth) if depth > 1 else layer
    layer.build((None, None, INPUT))
    return layer


def stack_of(layer):
    layers = layer.layers if isinstance(layer, Deep) else [layer]
    return [
        [each.forward_layer.cell, each.backward_layer.cell] if isinstance(each, Bidirectional) else [each.cell]
        for each in layers
    ]


def problem(stack, rng, *, batch=BATCH, time=TIME):
    inputs = tf.constant(rng.normal(size=(batch, time, INPUT)), "float32")
    cells = [cell for layer in stack for cell in layer]
    return inputs, [
        tf.constant(rng.normal(size=(batch, cell.units)), "float32") for cell in cells for _ in range(cell.state_count)
    ]


def everything(run, layer, inputs, states):
    """Outputs, last states, and the gradients of a loss over both by inputs, initial states and weights."""
    with tf.GradientTape() as tape:
        tape.watch([inputs, states])
        outputs, last = run(inputs, states)
        values = [outputs, *last]
        loss = tf.add_n(
            [
                tf.reduce_sum(value * tf.reshape(tf.sin(tf.range(tf.size(value), dtype=value.dtype)), value.shape))
                for value in values
            ]
        )
    weights = [variable.value for variable in layer.trainable_variables]
    return values, tape.gradient(loss, [inputs, *states, *weights], unconnected_gradients="zero")


def assert_same(layer, inputs, states, mask, *, atol=2e-5, **kwargs):
    stack = stack_of(layer)

    def by_layer(inputs, states):
        outputs, *last = layer(inputs, initial_state=states, mask=mask)
        return outputs, last

    def by_cudnn(inputs, states):
        return cudnn.run(stack, inputs, states, mask=None if mask is None else tf.constant(mask), **kwargs)

    expected, actual = everything(by_layer, layer, inputs, states), everything(by_cudnn, layer, inputs, states)
    for want, got in zip(expected, actual, strict=True):
        for w, g in zip(want, got, strict=True):
            assert g.shape == w.shape
            np.testing.assert_allclose(g, w, atol=atol)


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("mask", ["none", "empty rows"])
def test_equals_the_loop(emulation, rng, name, mask):
    layer = layer_of(name)
    assert_same(layer, *problem(stack_of(layer), rng), MASKS[mask])
    assert len(emulation.calls) == 1


@pytest.mark.parametrize("mask", MASKS)
def test_any_mask_in_one_direction(emulation, rng, mask):
    layer = layer_of("lstm")
    assert_same(layer, *problem(stack_of(layer), rng), MASKS[mask])


@pytest.mark.parametrize("mask", MASKS)
def test_any_mask_in_a_deep_net_of_two_directions_is_one_call(emulation, rng, mask):
    layer = layer_of("gru", directions=2, depth=2)
    assert_same(layer, *problem(stack_of(layer), rng), MASKS[mask])
    assert len(emulation.calls) == 1


@pytest.mark.parametrize(("name", "directions", "depth"), [("lstm", 2, 3), ("elman", 2, 2), ("gru", 1, 2)])
def test_stacks(emulation, rng, name, directions, depth):
    layer = layer_of(name, directions=directions, depth=depth)
    assert_same(layer, *problem(stack_of(layer), rng), MASKS["holes"])
    assert len(emulation.calls) == 1


@pytest.mark.parametrize("mask", ["none", "holes", "empty rows"])
def test_backwards(emulation, rng, mask):
    layer = layer_of("lstm", go_backwards=True)
    inputs, states = problem(stack_of(layer), rng)
    outputs, *last = layer(inputs, initial_state=states, mask=MASKS[mask])
    got, got_last = cudnn.run(stack_of(layer), inputs, states, mask=_tensor(MASKS[mask]), go_backwards=True)
    np.testing.assert_allclose(got, tf.reverse(outputs, [1]), atol=1e-5)
    np.testing.assert_allclose(got_last, last, atol=1e-5)


def test_zeros_at_masked_steps(emulation, rng):
    layer = layer_of("gru", zero_output_for_mask=True)
    assert_same(layer, *problem(stack_of(layer), rng), MASKS["holes"], zero_output_for_mask=True)


@pytest.mark.parametrize("directions", [1, 2])
@pytest.mark.parametrize("mask", ["none", "empty rows"])
def test_last_outputs(emulation, rng, directions, mask):
    layer = layer_of("lstm", directions=directions, depth=2)
    stack = stack_of(layer)
    inputs, states = problem(stack, rng)
    top = layer.layers[-1]
    for each in [top.forward_layer, top.backward_layer, top] if directions == 2 else [top]:
        each.return_sequences = False
    expected, *_ = layer(inputs, initial_state=states, mask=MASKS[mask])
    actual, _ = cudnn.run(stack, inputs, states, mask=_tensor(MASKS[mask]), return_sequences=False)
    assert actual.shape == (BATCH, directions * UNITS)
    np.testing.assert_allclose(actual, expected, atol=1e-5)


def test_the_output_projection_is_read_out_afterwards(emulation, rng):
    layer = Recurrent(
        LSTMCell(UNITS, output_units=2, output_activation="tanh"), return_sequences=True, return_state=True
    )
    layer.build((None, None, INPUT))
    assert_same(layer, *problem(stack_of(layer), rng), MASKS["left"])


@pytest.mark.parametrize(("batch", "time"), [(0, TIME), (BATCH, 0), (0, 0), (BATCH, 1)])
@pytest.mark.parametrize("masked", [False, True])
def test_nothing_or_little_to_do(emulation, rng, batch, time, masked):
    stack = stack_of(layer_of("lstm", directions=2))
    inputs, states = problem(stack, rng, batch=batch, time=time)
    mask = tf.ones([batch, time], tf.bool) if masked else None
    outputs, last = cudnn.run(stack, inputs, states, mask=mask)
    assert outputs.shape == (batch, time, 2 * UNITS)
    assert [state.shape for state in last] == [(batch, UNITS)] * 4
    if time == 0:
        np.testing.assert_array_equal(last, states)
    else:
        np.testing.assert_array_equal(outputs[:, -1, :UNITS], last[0])


def test_padding_is_never_mixed_with_full_lengths_of_the_same_size(emulation, rng):
    stack = stack_of(layer_of("gru"))
    inputs, states = problem(stack, rng)
    longer, _ = problem(stack, rng, time=TIME + 1)
    cudnn.run(stack, longer, states)
    for mask in ("full", "right"):
        cudnn.run(stack, inputs, states, mask=_tensor(MASKS[mask]))
    assert [call["input"].shape[0] for call in emulation.calls] == [TIME + 1] * 3
    assert [call["seed2"] for call in emulation.calls] == [0, 1, 1]


def test_what_is_masked_is_not_read(emulation, rng):
    stack = stack_of(layer_of("lstm"))
    inputs, states = problem(stack, rng)
    mask = MASKS["holes"]
    poisoned = tf.where(mask[..., None], inputs, np.nan)
    with tf.GradientTape() as tape:
        tape.watch(poisoned)
        outputs, _ = cudnn.run(stack, poisoned, states, mask=_tensor(mask))
    np.testing.assert_allclose(outputs, cudnn.run(stack, inputs, states, mask=_tensor(mask))[0], atol=1e-6)
    gradient = tape.gradient(outputs, poisoned).numpy()
    np.testing.assert_array_equal(gradient[~mask], 0)
    assert np.isfinite(gradient).all()


def test_dropout_of_the_input_is_the_layers_own(emulation, rng):
    cell = GRUCell(UNITS, dropout=0.5, seed=3)
    layer = Recurrent(cell, return_sequences=True)
    inputs, states = problem([[cell]], rng)
    expected = layer(inputs, initial_state=states, training=True)
    cell.seed_generator.state.assign(keras.random.SeedGenerator(3).state)
    actual, _ = cudnn.run([[cell]], inputs, states, training=True)
    np.testing.assert_allclose(actual, expected, atol=1e-5)
    assert np.abs(expected - cudnn.run([[cell]], inputs, states)[0]).max() > 1e-2


@pytest.mark.parametrize(
    ("policy", "precision"), [("mixed_bfloat16", "float32"), ("mixed_float16", "float16"), ("float64", "float64")]
)
def test_precisions(emulation, rng, policy, precision):
    layer = Recurrent(LSTMCell(UNITS, dtype=policy), return_sequences=True, return_state=True, dtype=policy)
    layer.build((None, None, INPUT))
    inputs, states = problem(stack_of(layer), rng)
    inputs, states = tf.cast(inputs, layer.compute_dtype), [tf.cast(state, layer.compute_dtype) for state in states]
    assert_same(
        layer, inputs, states, MASKS["right"], atol={"float16": 2e-2, "float32": 0.2, "float64": 1e-10}[precision]
    )
    assert emulation.calls[0]["input"].dtype == emulation.calls[0]["params"].dtype == precision


def test_packs_matrices_then_biases_in_cudnns_order_of_gates():
    cell = GRUCell(1)
    cell.build((None, 2))
    cell.set_weights([np.array([[1, 2, 3], [4, 5, 6]]), np.array([[7, 8, 9]]), np.array([[10, 11, 12], [13, 14, 15]])])
    packed = pack([[cell]], "float32")
    np.testing.assert_array_equal(packed, [2, 5, 1, 4, 3, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15])


@pytest.mark.parametrize(
    ("cell", "training", "reason"),
    [
        (LSTMCell(2), True, None),
        (GRUCell(2), True, None),
        (ElmanCell(2, "relu"), True, None),
        (LSTMCell(2, keras.ops.tanh, tf.sigmoid), True, None),
        (PeepholeLSTMCell(2), True, "PeepholeLSTMCell is none"),
        (LSTMCell(2, "relu"), True, "activations"),
        (LSTMCell(2, recurrent_activation="hard_sigmoid"), True, "activations"),
        (ElmanCell(2, "sigmoid"), True, "activations"),
        (GRUCell(2, reset_after=False), True, "reset"),
        (GRUCell(2, update_gate="renew"), True, "update"),
        (LSTMCell(2, recurrent_dropout=0.1), True, "recurrent_dropout"),
        (LSTMCell(2, recurrent_dropout=0.1), False, None),
        (keras.layers.LSTMCell(2), False, "LSTMCell is none"),
    ],
)
def test_refuses_what_cudnn_does_not_compute(gpu, cell, training, reason):
    answer = cudnn.refusal(cell, training=training)
    assert answer is None if reason is None else reason in answer


@pytest.mark.parametrize(
    ("stack", "training", "reason"),
    [
        ([[LSTMCell(2), LSTMCell(2)], [LSTMCell(2), LSTMCell(2)]], True, None),
        ([[LSTMCell(2), LSTMCell(2)], [LSTMCell(2)]], True, "direction"),
        ([[LSTMCell(2)], [LSTMCell(3)]], True, "differ"),
        ([[LSTMCell(2), GRUCell(2)]], True, "differ"),
        ([[ElmanCell(2), ElmanCell(2, "relu")]], True, "differ"),
        ([[LSTMCell(2)], [LSTMCell(2, dtype="float64")]], True, "differ"),
        ([[LSTMCell(2, dropout=0.1)]], True, None),
        ([[LSTMCell(2, dropout=0.1), LSTMCell(2, dropout=0.1)]], True, "dropout"),
        ([[LSTMCell(2, dropout=0.1), LSTMCell(2, dropout=0.1)]], False, None),
        ([[LSTMCell(2, output_units=2)], [LSTMCell(2)]], True, "projection"),
        ([[LSTMCell(2)], [LSTMCell(2, output_units=2)]], True, None),
        ([[LSTMCell(2)], [PeepholeLSTMCell(2)]], True, "Peephole"),
    ],
)
def test_refuses_stacks_that_are_not_one(gpu, stack, training, reason):
    answer = cudnn.stack_refusal(stack, training=training)
    assert answer is None if reason is None else reason in answer


def test_refuses_without_gpu_and_inside_xla(monkeypatch):
    monkeypatch.setattr(cudnn.tf.config, "list_logical_devices", lambda kind: [])
    assert "GPU" in cudnn.refusal(LSTMCell(2))
    monkeypatch.setattr(cudnn.tf.config, "list_logical_devices", lambda kind: ["GPU:0"])
    monkeypatch.setattr(cudnn.tf.sysconfig, "get_build_info", lambda: {"is_cuda_build": True})
    cell, answers = LSTMCell(2), {}

    def ask(x, compiled):
        answers[compiled] = cudnn.refusal(cell)
        return x

    for compiled in (True, False):
        tf.function(ask, jit_compile=compiled, autograph=False).get_concrete_function(tf.zeros(1), compiled)
    assert "XLA" in answers[True]
    assert answers[False] is None


@pytest.mark.parametrize(
    ("name", "directions", "depth"), [("lstm", 2, 2), ("gru", 1, 2), ("elman", 2, 1), ("irnn", 1, 1)]
)
@pytest.mark.parametrize("shape", [(None, None), (BATCH, TIME)])
@pytest.mark.parametrize("masked", [False, True])
def test_this_tensorflow_takes_the_op_and_differentiates_it(name, directions, depth, shape, masked):
    layer = layer_of(name, directions=directions, depth=depth)
    stack = stack_of(layer)
    count = sum(cell.state_count for cells in stack for cell in cells)

    def gradients(inputs, mask, states):
        with tf.GradientTape() as tape:
            tape.watch([inputs, states])
            outputs, last = cudnn.run(stack, inputs, states, mask=mask if masked else None)
        assert outputs.shape.as_list() == [*shape, directions * UNITS]
        assert [state.shape.as_list() for state in last] == [[shape[0], UNITS]] * count
        weights = [variable.value for variable in layer.trainable_variables]
        return tape.gradient([outputs, *last], [inputs, *states, *weights])

    graph = tf.function(gradients, autograph=False).get_concrete_function(
        tf.TensorSpec([*shape, INPUT]), tf.TensorSpec(shape, tf.bool), [tf.TensorSpec([shape[0], UNITS])] * count
    )
    wanted = [(*shape, INPUT), *[(shape[0], UNITS)] * count, *(v.shape for v in layer.trainable_variables)]
    assert [tuple(gradient.shape) for gradient in graph.structured_outputs] == wanted
    kinds = [operation.type for operation in graph.graph.get_operations()]
    assert kinds.count("CudnnRNNV3") == kinds.count("CudnnRNNBackpropV3") == 1


needs_gpu = pytest.mark.skipif(not tf.config.list_physical_devices("GPU"), reason="needs a GPU")


@contextlib.contextmanager
def _exact_products():
    before = tf.config.experimental.tensor_float_32_execution_enabled()
    tf.config.experimental.enable_tensor_float_32_execution(False)
    try:
        yield
    finally:
        tf.config.experimental.enable_tensor_float_32_execution(before)


@needs_gpu
@pytest.mark.parametrize(
    ("name", "directions", "depth"),
    [(name, 1, 1) for name in CELLS] + [("lstm", 2, 3), ("gru", 2, 2), ("elman", 2, 2), ("lstm", 1, 2), ("gru", 1, 3)],
)
def test_the_op_itself_equals_the_loop(rng, name, directions, depth):
    with _exact_products():
        layer = layer_of(name, directions=directions, depth=depth, fast=False)
        for mask in MASKS.values():
            assert_same(layer, *problem(stack_of(layer), rng), mask, atol=1e-4)


@needs_gpu
def test_the_op_itself_takes_full_and_padded_batches_by_turns(rng):
    with _exact_products():
        layer = layer_of("lstm", directions=2, depth=2, fast=False)
        stack = stack_of(layer)
        compiled = tf.function(lambda x, s, m: cudnn.run(stack, x, s, mask=m)[0], autograph=False)
        for mask in ("full", "right", "full", "empty rows"):
            inputs, states = problem(stack, rng)
            expected, *_ = layer(inputs, initial_state=states, mask=MASKS[mask])
            np.testing.assert_allclose(compiled(inputs, states, _tensor(MASKS[mask])), expected, atol=1e-4)


@needs_gpu
@pytest.mark.parametrize(("policy", "atol"), [("mixed_bfloat16", 0.2), ("mixed_float16", 2e-2), ("float64", 1e-10)])
def test_the_op_itself_in_other_precisions(rng, policy, atol):
    layer = Recurrent(LSTMCell(UNITS, dtype=policy), return_sequences=True, return_state=True, dtype=policy, fast=False)
    layer.build((None, None, INPUT))
    inputs, states = problem(stack_of(layer), rng)
    inputs, states = tf.cast(inputs, layer.compute_dtype), [tf.cast(state, layer.compute_dtype) for state in states]
    assert_same(layer, inputs, states, MASKS["right"], atol=atol)


def _tensor(mask):
    return None if mask is None else tf.constant(mask)


@pytest.fixture
def rng():
    keras.utils.set_random_seed(1)
    return np.random.default_rng(1)
