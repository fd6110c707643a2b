"""The layers that `layers.py` compares: ours, Keras' and PyTorch's, with the same weights, each ready to be called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from layer_figures import LARGE, LOOP, LOOP_A_CORE, ONE_LOOP, TORCH, UNROLL, XLA, ZOO, Case, planned

import zoo.cells
import zoo.layers
from zoo.engine import paths

KERAS_LAYERS = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "elman": keras.layers.SimpleRNN}
TORCH_LAYERS = {"lstm": "LSTM", "gru": "GRU", "elman": "RNN"}
LARGE_PRODUCT = (3200, 256, 1024)
# Below it the engine does not cut the batch either.
SMALLEST_CUT_BATCH = 8

# What a benchmark times; it returns what the call gave, to be checked.
Job = Callable[[], list[Any]]


def zoo_layer(case: Case, *, fast: bool = True) -> keras.layers.Layer:
    """Makes our layer."""
    layer = zoo.layers.Recurrent(zoo.cells.get(case.cell, case.units), return_sequences=True, fast=fast)
    if case.variant == "bidirectional":
        return zoo.layers.Bidirectional(layer)
    return zoo.layers.Deep(layer, depth=2) if case.variant == "two layers" else layer


def keras_layer(case: Case, *, unroll: bool = False) -> keras.layers.Layer:
    """Makes Keras' own layer, or, for a cell that Keras lacks, `keras.layers.RNN` over ours."""

    def layer() -> keras.layers.Layer:
        if case.cell in KERAS_LAYERS:
            return KERAS_LAYERS[case.cell](case.units, return_sequences=True, unroll=unroll)
        return keras.layers.RNN(zoo.cells.get(case.cell, case.units), return_sequences=True, unroll=unroll)

    if case.variant == "bidirectional":
        return keras.layers.Bidirectional(layer())
    return keras.Sequential([layer(), layer()]) if case.variant == "two layers" else layer()


def kernel_shapes(layer: keras.layers.Layer) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Returns the shapes of all kernels that inputs are multiplied by, and of all recurrent ones."""
    named = [[tuple(weight.shape) for weight in layer.weights if weight.name == name] for name in _KERNEL_NAMES]
    return named[0], named[1]


_KERNEL_NAMES = ("kernel", "recurrent_kernel")


class Candidates:
    """All candidates for one case in one mode, with the same weights, input and upstream gradient.

    Args:
        case: The layer and its size.
        mode: One of `layer_figures.MODES`.
        dynamic: Whether the graphs are traced for any batch and any number of steps.
        cores: Threads that PyTorch gets.
        only: The candidates to make; by default all that there are for the case.

    Attributes:
        jobs: By name, what to time.
        skipped: By name, why a candidate is not there.
        kernels: Shapes of the kernels that inputs are multiplied by.
        recurrent_kernels: Shapes of the recurrent kernels.
    """

    def __init__(self, case: Case, mode: str, *, dynamic: bool, cores: int, only: Sequence[str] | None = None) -> None:
        """Makes the layers and traces their graphs."""
        self.case, self.mode, self.dynamic, self.cores = case, mode, dynamic, cores
        rng = np.random.default_rng(0)
        shape = (case.batch, case.steps, case.inputs)
        self.inputs = rng.normal(size=shape).astype(np.float32)
        self.spec = tf.TensorSpec([None, None, case.inputs] if dynamic else shape)
        layer = keras_layer(case)
        layer.build(shape)
        # No weight stays at its initial value: a bias that is lost, or a gate in the wrong place, shows.
        # A layer-normalised cell with gains of one is chaotic: rounding grows tenfold every forty steps, in any loop.
        self.weights = [
            (0.3 if "gain" in weight.name else 1) * weight.numpy() + 0.05 * rng.normal(size=weight.shape)
            for weight in layer.weights
        ]
        self.upstream = rng.normal(size=layer.compute_output_shape(shape)).astype(np.float32)
        self.kernels, self.recurrent_kernels = kernel_shapes(layer)
        self.jobs: dict[str, Job] = {}
        names, self.skipped = planned(case, mode, dynamic=dynamic)
        for name in names if only is None else only:
            if name == TORCH:
                self._add_torch()
            else:
                self.jobs[name] = self._make(name)

    def _make(self, name: str) -> Job:
        case = self.case
        if name == ZOO and self.mode == "export":
            with paths.plain():
                return self._graph(zoo_layer(case))
        if name in (ZOO, LOOP):
            return self._graph(zoo_layer(case, fast=name == ZOO))
        return self._graph(keras_layer(case, unroll=name == UNROLL), jit_compile=name == XLA or None)

    def _graph(self, layer: keras.layers.Layer, *, jit_compile: bool | None = None) -> Job:
        """Traces a `tf.function` over the layer."""
        layer.build(self.inputs.shape)
        layer.set_weights(self.weights)
        variables = [variable.value for variable in layer.trainable_variables]
        inputs, upstream = tf.constant(self.inputs), tf.constant(self.upstream)

        if self.mode != "forward+backward":
            call = tf.function(lambda x: [layer(x, training=False)], [self.spec], jit_compile=jit_compile)
            traced = call.get_concrete_function()
            return lambda: traced(inputs)

        def gradients(x: tf.Tensor, upstream: tf.Tensor) -> list[tf.Tensor]:
            with tf.GradientTape() as tape:
                tape.watch(x)
                outputs = layer(x, training=True)
            return tape.gradient(outputs, [x, *variables], output_gradients=upstream)

        upstream_spec = tf.TensorSpec([*self.spec.shape[:2], self.upstream.shape[2]])
        call = tf.function(gradients, [self.spec, upstream_spec], jit_compile=jit_compile)
        traced = call.get_concrete_function()
        return lambda: traced(inputs, upstream)

    def _add_torch(self) -> None:
        try:
            import torch  # after TensorFlow, and only here: it is no dependency
        except ImportError:
            self.skipped[TORCH] = "PyTorch is not installed"
            return
        on_gpu = bool(tf.config.list_logical_devices("GPU"))
        if on_gpu and not torch.cuda.is_available():
            self.skipped[TORCH] = "this build of PyTorch has no GPU"
            return
        torch.set_num_threads(self.cores)
        device = torch.device("cuda" if on_gpu else "cpu")
        layer = self._torch_layer(torch).to(device)
        inputs, upstream = (torch.from_numpy(array).to(device) for array in (self.inputs, self.upstream))
        layer.train(self.mode == "forward+backward")

        def finish() -> None:
            if on_gpu:
                torch.cuda.synchronize()

        def forward() -> list[Any]:
            with torch.inference_mode():
                outputs = layer(inputs)[0]
            finish()
            return [outputs]

        def train() -> list[Any]:
            x = inputs.detach().requires_grad_()
            layer.zero_grad(set_to_none=True)
            layer(x)[0].backward(upstream)
            finish()
            return [x.grad]  # the weights' gradients are laid out otherwise than Keras'

        self.jobs[TORCH] = train if self.mode == "forward+backward" else forward

    def _torch_layer(self, torch: Any) -> Any:
        """Makes PyTorch's layer and fills in Keras' weights."""
        case = self.case
        layer = getattr(torch.nn, TORCH_LAYERS[case.cell])(
            case.inputs,
            case.units,
            num_layers=2 if case.variant == "two layers" else 1,
            bidirectional=case.variant == "bidirectional",
            batch_first=True,
        )
        weights = iter(self.weights)
        with torch.no_grad():
            # One after another: the input's kernel, the recurrent one, and a bias for each.
            parameters = iter(layer.parameters())
            for kernel in parameters:
                recurrent_kernel, bias, recurrent_bias = (next(parameters) for _ in range(3))
                kernel.copy_(torch.from_numpy(_torch_gates(case.cell, next(weights)).T))
                recurrent_kernel.copy_(torch.from_numpy(_torch_gates(case.cell, next(weights)).T))
                both = np.atleast_2d(_torch_gates(case.cell, next(weights)))
                bias.copy_(torch.from_numpy(both[0]))
                recurrent_bias.copy_(torch.from_numpy(both[1] if len(both) == 2 else np.zeros_like(both[0])))
        return layer


def _torch_gates(cell: str, weight: np.ndarray) -> np.ndarray:
    """Puts the gates (last axis) in PyTorch's order: a GRU's reset gate comes first there, its update gate in Keras."""
    if cell != "gru":
        return weight
    update, reset, candidate = np.split(weight, 3, axis=-1)
    return np.concatenate([reset, update, candidate], axis=-1)


def differs(result: list[Any], wanted: list[Any]) -> float:
    """Returns the largest difference between two calls' results, in units of the largest wanted entry (or of 1)."""
    worst = 0.0
    for ours, theirs in ((_array(a), _array(b)) for a, b in zip(result, wanted, strict=True)):
        worst = max(worst, float(np.abs(ours - theirs).max() / max(1.0, np.abs(theirs).max())))
    return worst


def _array(tensor: Any) -> np.ndarray:
    """Returns a tensor of either library, wherever it is, as an array."""
    return np.asarray(tensor.cpu() if getattr(tensor, "is_cuda", False) else tensor, np.float64)


def product_jobs(case: Case, recurrent_kernels: list[tuple[int, int]], cores: int) -> dict[str, tuple[Job, float]]:
    """Makes the matrix products that a layer is measured against: by name, what to time and its operations.

    Args:
        case: The size.
        recurrent_kernels: Shapes of the layer's recurrent kernels; the first one counts.
        cores: Into how many parts the batch is cut for the product in one loop a core.
    """
    rows, inner, columns = LARGE_PRODUCT
    a, b = tf.random.normal([rows, inner]), tf.random.normal([inner, columns])
    large = tf.function(lambda: [a @ b]).get_concrete_function()
    jobs: dict[str, tuple[Job, float]] = {LARGE: (large, 2.0 * rows * inner * columns)}
    if recurrent_kernels:
        flops = 2.0 * case.batch * case.steps * np.prod(recurrent_kernels[0])
        jobs[ONE_LOOP] = (_loop_of_products(case, recurrent_kernels[0], 1), flops)
        if cores > 1 and case.batch >= SMALLEST_CUT_BATCH:
            jobs[LOOP_A_CORE] = (_loop_of_products(case, recurrent_kernels[0], cores), flops)
    return jobs


def _loop_of_products(case: Case, kernel_shape: tuple[int, int], parts: int) -> Job:
    """Makes h <- h U over all steps in XLA, each step needing the one before; the batch in parts that run in parallel.

    U's blocks of columns, one a gate, are summed to make the next h, so that no column is idle.
    """
    units, columns = kernel_shape
    gates = columns // units
    orthogonal = np.linalg.qr(np.random.default_rng(0).normal(size=(units, units)))[0]  # h keeps its length
    kernel = tf.constant(np.tile(orthogonal / gates, gates).astype(np.float32))

    @tf.function(jit_compile=True, autograph=False)
    def loop(h: tf.Tensor, kernel: tf.Tensor) -> tf.Tensor:
        def body(step: tf.Tensor, h: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
            blocks = h @ kernel
            return step + 1, blocks if gates == 1 else tf.add_n(tf.split(blocks, gates, axis=1))

        return tf.while_loop(lambda step, h: step < case.steps, body, (tf.constant(0), h))[1]

    h = np.random.default_rng(1).normal(size=(case.batch, units)).astype(np.float32)
    pieces = [tf.constant(piece) for piece in np.array_split(h, parts)]
    return tf.function(lambda: [loop(piece, kernel) for piece in pieces], autograph=False).get_concrete_function()
