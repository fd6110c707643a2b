"""Scheduled sampling for every task that writes: how often its decoder reads what it has itself chosen."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.models.data_errors import data_errors
from zoo.training.reinjection_schedules import ReinjectionSchedule, linear


class Reinjecting:
    """The half of a `Task` that raises the rate of re-injection from epoch to epoch.

    The rate grows in a straight line from 0 in the first epoch to the configuration's `reinjection` in the last. It is
    a function of the epoch's number, so a resumed run goes on as it would have.
    """

    def _assemble(self, vocabulary: Any) -> None:
        self._reinjected = tf.Variable(0.0, trainable=False, name="reinjection_rate")
        super()._assemble(vocabulary)

    def reinjection_rate(self, training: bool) -> tf.Variable | None:
        """Returns the rate of this epoch, or None where nothing is re-injected."""
        return self._reinjected if training and self.config.reinjection else None

    def fit(self, x: Any = None, y: Any = None, *, epochs: int | None = None, **kwargs: Any) -> keras.callbacks.History:
        """Trains on raw records; see `Task.fit`."""
        if self.config.reinjection:
            with data_errors():
                x, y = self.records(x, y), None
                self.adapt(x)
            last, limit = self.config.epochs if epochs is None else epochs, self.config.reinjection
            schedule = linear(limit / max(last - 1, 1), limit=limit)
            kwargs["callbacks"] = [ReinjectionSchedule(schedule, self._reinjected), *(kwargs.get("callbacks") or [])]
        return super().fit(x, y, epochs=epochs, **kwargs)
