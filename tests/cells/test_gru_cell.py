import numpy as np
import pytest

from zoo.cells import GRUCell, SimplifiedGRUCell


@pytest.mark.parametrize("cell_class", [GRUCell, SimplifiedGRUCell])
def test_the_two_conventions_of_the_update_gate_are_complements(cell_class):
    """σ(-a) = 1 - σ(a): negating what enters z turns one convention into the other."""
    rng = np.random.default_rng(0)
    keep, renew = cell_class(3, update_gate="keep"), cell_class(3, update_gate="renew")
    keep.build((None, 2))
    renew.build((None, 2))
    weights = [rng.normal(size=weight.shape).astype("float32") for weight in keep.weights]
    keep.set_weights(weights)
    for weight in weights:
        weight[..., :3] *= -1
    renew.set_weights(weights)
    x, h = rng.normal(size=(4, 2)).astype("float32"), rng.normal(size=(4, 3)).astype("float32")
    np.testing.assert_allclose(keep(x, [h])[0], renew(x, [h])[0], atol=1e-6)


@pytest.mark.parametrize("cell_class", [GRUCell, SimplifiedGRUCell])
def test_an_unknown_convention_is_refused(cell_class):
    with pytest.raises(ValueError, match=r"update_gate.*keep.*renew.*'forget'"):
        cell_class(3, update_gate="forget")


@pytest.mark.parametrize(("reset_after", "shape"), [(True, (2, 9)), (False, (9,))])
def test_bias_shape_is_keras(reset_after, shape):
    cell = GRUCell(3, reset_after=reset_after)
    cell.build((None, 2))
    assert cell.bias.shape == shape
