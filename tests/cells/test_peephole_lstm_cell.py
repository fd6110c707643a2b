import numpy as np
import pytest

from zoo.cells import LSTMCell, PeepholeLSTMCell


def test_starts_as_the_plain_lstm():
    rng = np.random.default_rng(0)
    plain, peephole = LSTMCell(3), PeepholeLSTMCell(3)
    plain.build((None, 2))
    peephole.build((None, 2))
    peephole.set_weights([*plain.get_weights(), np.zeros((3, 3))])
    x = rng.normal(size=(4, 2)).astype("float32")
    states = [rng.normal(size=(4, 3)).astype("float32") for _ in range(2)]
    np.testing.assert_array_equal(plain(x, states)[0], peephole(x, states)[0])


def test_an_unknown_output_peephole_is_refused():
    with pytest.raises(ValueError, match=r"output_peephole.*current.*previous.*'next'"):
        PeepholeLSTMCell(3, output_peephole="next")
