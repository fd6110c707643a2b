"""Runs that can be interrupted at any step: where they stand, and the best epoch, are always on disk."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from zoo.training import workers
from zoo.training.saved_runs import RunState, SavedRun, write
from zoo.training.signals import Asked, Stopped

_TALK_EVERY = 10  # steps: several workers agree on whether to save, which takes them a message each


class Checkpoints(keras.callbacks.Callback):
    """Saves a run after every epoch and now and then within one, keeps the best epoch, and stops when it is long past.

    In `directory`, `epoch-0003/` is the run after three epochs, `epoch-0003-step-0000120/` after 120 more steps; the
    newest two are kept. `best.keras` is the best epoch's model. All appear under their names only when they are whole.
    Of several workers the chief alone writes, into a folder that all of them see.

    Attributes:
        directory: Where all this is.
        state: Where the run stands.
    """

    def __init__(
        self,
        directory: str | os.PathLike[str],
        state: RunState,
        monitor: str,
        patience: float,
        mode: str = "max",
        *,
        every: float = math.inf,
        resumed: SavedRun | None = None,
        asked: Asked | None = None,
    ) -> None:
        """Makes the callback.

        Args:
            directory: Where to save; made if missing.
            state: Where the run stands: `RunState()` for a new one, or that of `resumed`.
            monitor: The log to judge by, for example `val_f1`.
            patience: Epochs without a better score before training stops; `math.inf` for never.
            mode: `max` or `min`.
            every: Seconds between two saves within an epoch; 0 saves after every step, of several workers every tenth.
            resumed: What the run goes on from.
            asked: Says that the process is to end; it is saved then, and `Stopped` raised.
        """
        super().__init__()
        self.directory = Path(directory)
        self.state = state
        self._monitor, self._patience, self._sign = monitor, patience, 1 if mode == "max" else -1
        self._every, self._resumed, self._asked = every, resumed, asked
        self._newest = resumed.folder if resumed else None
        self._in_epoch = False  # `evaluate` is called by others than `fit`, too
        self._unsaved = False
        self._asked_for = 0
        self._position: list[np.ndarray] = []
        self._began = self._trained = self._saved = 0.0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Starts the clock; in an epoch that was begun before, restores what Keras has just forgotten."""
        first = self.state.step
        if first and self._resumed is not None:
            self.model.go_on_from(self._resumed.position())
        self._in_epoch, self._first = True, first
        self._began, self._trained = time.perf_counter() - self.state.seconds, 0.0
        self._saved = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Saves where the run stands, if it is time."""
        self.state.step = self._first + batch + 1
        self._unsaved = True
        if stop_or_save := self._agreed():
            self.state.seconds = time.perf_counter() - self._began
            self._position = self.model.position()
            self._save_step(stop_or_save)

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Stops the clock: validation is not training."""
        if self._in_epoch:
            self._trained = self.state.seconds = time.perf_counter() - self._began
            self._position = self.model.position()  # validation counts with the same metrics

    def on_test_batch_end(self, batch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Saves the run as it stood before validation, if it is time."""
        if self._in_epoch and (stop_or_save := self._agreed()):
            self._save_step(stop_or_save)

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Saves the epoch; stops the run where the best is long past."""
        logs, state = logs or {}, self.state
        if not math.isfinite(logs.get("loss", 0.0)):
            raise ValueError(
                f"the loss is {logs['loss']} after epoch {epoch + 1}: lower learning_rate or set clip_norm"
            )
        score = logs.get(self._monitor)
        if score is None:
            raise ValueError(f"there is no {self._monitor!r} to judge an epoch by; fit has {sorted(logs)}")
        seconds = self._trained or time.perf_counter() - self._began
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        for name, value in {**logs, "learning_rate": rate, "seconds": seconds}.items():
            state.history.setdefault(name, []).append(float(value))
        state.epoch, state.step, state.seconds = epoch + 1, 0, 0.0
        # A first epoch that diverged (NaN) is kept, so that there is a model, but anything finite beats it.
        first = state.best_score is None or math.isnan(state.best_score)
        best = first or self._sign * score > self._sign * state.best_score
        if best:
            state.best_score, state.best_epoch = float(score), state.epoch
        self._in_epoch, self._position = False, []
        self._write(best)
        if workers.any_says(self.model.distribute_strategy, bool(self._asked))[0]:
            raise Stopped(self._asked.signal if self._asked else 0, str(state))
        self.model.stop_training = self.model.stop_training or self.exhausted

    @property
    def exhausted(self) -> bool:
        """Whether the best epoch is `patience` epochs past."""
        return self.state.epoch > 0 and self.state.epoch - self.state.best_epoch >= self._patience

    def _agreed(self) -> tuple[bool, bool] | None:
        """Returns whether to stop and whether to save, by all workers alike; None where neither."""
        strategy = self.model.distribute_strategy
        self._asked_for += 1
        if workers.count(strategy) > 1 and self._asked_for % _TALK_EVERY:
            return None
        due = self._unsaved and workers.is_chief(strategy) and time.perf_counter() - self._saved >= self._every
        says = workers.any_says(strategy, bool(self._asked), due)
        return says if any(says) else None

    def _save_step(self, stop_or_save: tuple[bool, bool]) -> None:
        if self._unsaved:
            self._write(best=False)
        if stop_or_save[0]:
            raise Stopped(self._asked.signal if self._asked else 0, str(self.state))

    def _write(self, best: bool) -> None:
        if workers.is_chief(self.model.distribute_strategy):
            state = replace(self.state)  # as it is now
            self._newest = write(self.directory, state, self._position, self.model.save, best, keep=self._newest)
        self._saved, self._unsaved = time.perf_counter(), False
