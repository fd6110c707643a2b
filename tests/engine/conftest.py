"""What several tests of the engine take."""

import keras
import numpy as np
import pytest


@pytest.fixture
def rng():
    """Repeatable numbers, in layers' weights too."""
    keras.utils.set_random_seed(1)
    return np.random.default_rng(1)
