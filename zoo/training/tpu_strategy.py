"""`tf.distribute.TPUStrategy` for batches of static shapes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf


class StaticTPUStrategy(tf.distribute.TPUStrategy):
    """A TPUStrategy that compiles a step once for each shape of its inputs.

    A dataset whose batches have one of several shapes has axes of unknown length in its `element_spec`. TPUStrategy
    takes such an axis for one whose length is known only when the step runs, and compiles a step with dynamic
    dimensions ("dynamic padder"), in which what depends on shapes is slow or cannot be compiled at all. Keras gives no
    way to switch that off (`tf.distribute.RunOptions.experimental_enable_dynamic_batch_size`), so it is off here by
    default: then a step is compiled for the lengths that its inputs have.
    """

    def run(
        self,
        fn: Callable[..., Any],
        args: tuple = (),
        kwargs: Mapping[str, Any] | None = None,
        options: tf.distribute.RunOptions | None = None,
    ) -> Any:
        """Runs a function on every replica; see `tf.distribute.TPUStrategy.run`."""
        options = options or tf.distribute.RunOptions(experimental_enable_dynamic_batch_size=False)
        return super().run(fn, args, kwargs, options)
