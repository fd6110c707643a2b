"""What stands for cuDNN's op where there is no GPU."""

import numpy as np
import tensorflow as tf

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
                output, states = self._one_way(op["rnn_mode"], walk, states, lengths, weights[index])
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
    def _one_way(cls, mode, sequence, states, lengths, weights):
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
