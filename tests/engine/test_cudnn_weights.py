"""The one vector of weights that cuDNN reads."""

import numpy as np

from zoo.cells import GRUCell
from zoo.engine.cudnn_weights import pack


def test_packs_matrices_then_biases_in_cudnns_order_of_gates():
    cell = GRUCell(1)
    cell.build((None, 2))
    cell.set_weights([np.array([[1, 2, 3], [4, 5, 6]]), np.array([[7, 8, 9]]), np.array([[10, 11, 12], [13, 14, 15]])])
    packed = pack([[cell]], "float32")
    np.testing.assert_array_equal(packed, [2, 5, 1, 4, 3, 6, 8, 7, 9, 11, 10, 12, 14, 13, 15])
