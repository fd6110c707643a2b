import numpy as np
import pytest

from zoo.cells import LSTMCell


@pytest.mark.parametrize(("unit_forget_bias", "forget"), [(True, 1.0), (False, 0.0)])
def test_forget_bias(unit_forget_bias, forget):
    cell = LSTMCell(3, unit_forget_bias=unit_forget_bias)
    cell.build((None, 2))
    np.testing.assert_array_equal(cell.bias, [0] * 3 + [forget] * 3 + [0] * 6)


def test_without_bias_there_is_none():
    cell = LSTMCell(3, use_bias=False, output_units=2)
    cell.build((None, 2))
    assert [weight.name for weight in cell.weights] == ["kernel", "recurrent_kernel", "output_kernel"]
