import keras
import numpy as np
import tensorflow as tf

from zoo.training.lazy_adam import LazyAdam


def embedding_after(optimizer, batches, compiled=False, dense=False):
    """An embedding's rows after a step for each batch of ids, pulled towards 1."""
    layer = keras.layers.Embedding(6, 2, embeddings_initializer=keras.initializers.RandomNormal(seed=1))
    layer.build()
    optimizer.build(layer.trainable_variables)

    def step(ids):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(tf.square(layer(ids) - 1.0))
        gradients = tape.gradient(loss, layer.trainable_variables)
        if dense:
            gradients = [tf.convert_to_tensor(gradient) for gradient in gradients]
        optimizer.apply(gradients, layer.trainable_variables)

    for ids in batches:
        tf.function(step, jit_compile=compiled)(tf.constant(ids))
    return layer.get_weights()[0]


def test_rows_that_occur_in_every_step_move_as_adam_moves_them():
    batches = [[0, 1, 1, 3], [3, 1, 0, 0], [0, 1, 3, 3]]
    for clip in (None, 0.1):
        lazy = embedding_after(LazyAdam(0.1, global_clipnorm=clip), batches)
        plain = embedding_after(keras.optimizers.Adam(0.1, global_clipnorm=clip), batches, dense=True)
        np.testing.assert_allclose(lazy, plain, atol=1e-6)


def test_rows_that_do_not_occur_wait():
    start = embedding_after(LazyAdam(0.1), [])
    once = embedding_after(LazyAdam(0.1), [[0, 1]])
    later = embedding_after(LazyAdam(0.1), [[0, 1], [2, 3], [2, 3]])
    np.testing.assert_array_equal(once[2:], start[2:])
    np.testing.assert_array_equal(later[:2], once[:2])
    plain = embedding_after(keras.optimizers.Adam(0.1), [[0, 1], [2, 3], [2, 3]], dense=True)
    assert np.abs(plain[:2] - once[:2]).max() > 0.01  # which is what Adam would have done


def test_dense_gradients_and_xla_give_the_same():
    batches = [[0, 1, 1], [2, 2, 5], [1, 5, 5]]
    sparse = embedding_after(LazyAdam(0.1, global_clipnorm=0.5), batches)
    dense = embedding_after(LazyAdam(0.1, global_clipnorm=0.5), batches, dense=True)
    xla = embedding_after(LazyAdam(0.1, global_clipnorm=0.5), batches, compiled=True)
    np.testing.assert_allclose(dense, sparse, atol=1e-6)
    np.testing.assert_allclose(xla, sparse, atol=1e-6)


def test_other_weights_are_adams():
    results = []
    for optimizer in (LazyAdam(0.1), keras.optimizers.Adam(0.1)):
        kernel = keras.Variable([[1.0, 2.0]], name="kernel")
        optimizer.build([kernel])
        for gradient in ([[1.0, 0.0]], [[0.0, 0.0]]):  # zeros move a kernel on, as Adam has it
            optimizer.apply([tf.constant(gradient)], [kernel])
        results.append(np.array(kernel))
    np.testing.assert_allclose(results[0], results[1], rtol=1e-6)
