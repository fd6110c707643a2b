"""What is a function of the epoch alone, so that a resumed run has the same: learning rate and order of records."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from zoo.config.training import TrainingConfig


class EpochSchedule(keras.callbacks.Callback):
    """Sets, at each epoch's start, the learning rate and what the order of the training records depends on."""

    def __init__(
        self,
        config: TrainingConfig | None,
        epochs: int,
        epoch: tf.Variable,
        steps_done: tf.Variable,
        start: tuple[int, int] = (0, 0),
    ) -> None:
        """Remembers the plan.

        Args:
            config: Has `learning_rate` (the first epoch's) and `final_learning_rate` (the share left in the last); None
                leaves the rate to the optimizer.
            epochs: Epochs of the whole run.
            epoch: Variable that receives the epoch's number.
            steps_done: Variable that receives how many steps of the epoch were done before.
            start: The epoch that training starts from, and the steps of it that were done before.
        """
        super().__init__()
        self._config = config
        self._epochs = epochs
        self._epoch, self._steps_done = epoch, steps_done
        self._start = start

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Sets what is planned."""
        self._epoch.assign(epoch)
        first, done = self._start
        self._steps_done.assign(done if epoch == first else 0)
        if self._config is not None:
            progress = epoch / max(self._epochs - 1, 1)
            share = 1.0 + progress * (self._config.final_learning_rate - 1.0)
            self.model.optimizer.learning_rate.assign(self._config.learning_rate * share)
