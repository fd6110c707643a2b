"""Whether XLA compiles what is being traced."""

from __future__ import annotations

import tensorflow as tf

# `tf.function(jit_compile=True)` tells nobody else that it is compiling.
from tensorflow.python.ops import control_flow_util


def inside_xla() -> bool:
    """Whether the graph that is being traced, or one around it, is compiled by XLA as a whole."""
    return control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph()) or inside_tpu_replica()


def inside_tpu_replica() -> bool:
    """Whether what is being traced runs on a TPU: a replica's part of `tf.distribute.TPUStrategy.run`.

    There all is one compilation, and whatever cannot be compiled is an error.
    """
    # In a replica, the strategy in scope is that of the replica.
    return isinstance(tf.distribute.get_strategy(), tf.distribute.TPUStrategy) and not (
        tf.distribute.in_cross_replica_context()
    )
