"""Whether XLA compiles what is being traced."""

from __future__ import annotations

import tensorflow as tf

# `tf.function(jit_compile=True)` tells nobody else that it is compiling.
from tensorflow.python.ops import control_flow_util


def inside_xla() -> bool:
    """Whether the graph that is being traced, or one around it, is compiled by XLA as a whole."""
    return control_flow_util.GraphOrParentsInXlaContext(tf.compat.v1.get_default_graph())
