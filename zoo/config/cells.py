"""The cells' names, where a configuration can say them without TensorFlow."""

from typing import Literal

# What `zoo.cells.get` knows; tests/cells/test_cell.py compares the two.
CellName = Literal["elman", "irnn", "simplified_gru", "gru", "lstm", "peephole_lstm"]
