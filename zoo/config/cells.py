"""The cells' names, where a configuration can say them without TensorFlow."""

from typing import Literal

# What `zoo.cells.get` knows; tests/cells/test_cell.py compares the two.
CellName = Literal[
    "elman", "irnn", "min_gru", "min_lstm", "simplified_gru", "gru", "lstm", "peephole_lstm", "layer_norm_lstm"
]
