"""What a person sees while a model trains."""

from __future__ import annotations

import contextlib
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import keras


class Progress(keras.callbacks.ProgbarLogger):
    """Keras' progress bar, ending each epoch with the few figures that tell how it went; `history` has them all."""

    def __init__(self, figures: Sequence[str], epochs: int | None = None) -> None:
        """Remembers what to show.

        Args:
            figures: Names of logs, in order; those that an epoch does not have are left out.
            epochs: Of the training as a whole, where Keras is told of one epoch's rest alone.
        """
        super().__init__()
        self._figures, self._epochs = figures, epochs

    def set_params(self, params: dict[str, Any]) -> None:
        """Chooses, for `verbose="auto"`, a moving bar in a terminal and one line an epoch elsewhere."""
        auto = 1 if sys.stdout.isatty() else 2
        params = {**params, "epochs": self._epochs or params.get("epochs")}
        super().set_params({**params, "verbose": auto if params["verbose"] == "auto" else params["verbose"]})

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Ends the bar."""
        super().on_epoch_end(epoch, self._chosen(logs))

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Moves the bar of an evaluation."""
        super().on_test_batch_end(batch, self._chosen(logs))

    def on_test_end(self, logs: Mapping[str, Any] | None = None) -> None:
        """Ends the bar of an evaluation."""
        super().on_test_end(self._chosen(logs))

    def _chosen(self, logs: Mapping[str, Any] | None) -> dict[str, Any]:
        return {name: logs[name] for name in self._figures if name in (logs or {})}


@contextlib.contextmanager
def without_false_alarms() -> Iterator[None]:
    """Silences Keras' warning at the end of every dataset whose number of batches is not known beforehand."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r"\s*Your input ran out of data")
        yield
