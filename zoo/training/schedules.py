"""The learning rate as a function of the epoch, so that a resumed run has the same one."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.config.training import TrainingConfig


class EpochSchedule(keras.callbacks.Callback):
    """Sets, at each epoch's start, the learning rate and the number that orders the training records."""

    def __init__(self, config: TrainingConfig, epochs: int, epoch: tf.Variable) -> None:
        """Remembers the plan.

        Args:
            config: Has `learning_rate` (the first epoch's) and `final_learning_rate` (the share left in the last).
            epochs: Epochs of the whole run.
            epoch: Variable that receives the epoch's number.
        """
        super().__init__()
        self._first = config.learning_rate
        self._last = config.learning_rate * config.final_learning_rate
        self._epochs = epochs
        self._epoch = epoch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Sets both."""
        self._epoch.assign(epoch)
        progress = epoch / max(self._epochs - 1, 1)
        self.model.optimizer.learning_rate.assign(self._first + progress * (self._last - self._first))
