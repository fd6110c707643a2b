"""Runs that can be interrupted: the newest whole epoch and the best one are always on disk."""

from __future__ import annotations

import json
import math
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import keras

BEST = "best.keras"
_MODEL, _STATE = "model.keras", "state.json"


@dataclass
class RunState:
    """What a run knows beside its model.

    Attributes:
        epoch: Whole epochs done.
        best_epoch: The epoch (from 1) with the best score so far; 0 before there is one.
        best_score: Its score, or None.
        data: What the run reads.
        history: One list a column, one entry an epoch: the logs, `learning_rate` and `seconds` (of training, without
            validation).
    """

    epoch: int = 0
    best_epoch: int = 0
    best_score: float | None = None
    data: str = ""
    history: dict[str, list[float]] = field(default_factory=dict)


class Checkpoints(keras.callbacks.Callback):
    """Saves the model after every epoch, keeps the best one, and stops when it is long past.

    In `directory`, `epoch-0003/` holds the newest whole epoch (model and state; older ones are removed) and
    `best.keras` the best. Both appear under their names only when they are whole.
    """

    def __init__(
        self, directory: str | os.PathLike[str], state: RunState, monitor: str, patience: int, mode: str = "max"
    ) -> None:
        """Makes the callback.

        Args:
            directory: Where to save; made if missing.
            state: Where the run stands: `RunState()` for a new one, or what `newest` returned.
            monitor: The log to judge by, for example `val_f1`.
            patience: Epochs without a better score before training stops.
            mode: `max` or `min`.
        """
        super().__init__()
        self.directory = Path(directory)
        self.state = state
        self._monitor, self._patience, self._sign = monitor, patience, 1 if mode == "max" else -1
        self._began = self._trained = 0.0

    def on_epoch_begin(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Starts the clock."""
        self._began, self._trained = time.perf_counter(), 0.0

    def on_test_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        """Stops the clock: validation is not training."""
        self._trained = time.perf_counter() - self._began

    def on_epoch_end(self, epoch: int, logs: Mapping[str, Any] | None = None) -> None:
        """Saves the epoch; stops the run where the best is long past."""
        state = self.state
        if not math.isfinite((logs or {}).get("loss", 0.0)):
            raise ValueError(
                f"the loss is {logs['loss']} after epoch {epoch + 1}: lower learning_rate or set clip_norm"
            )
        seconds = self._trained or time.perf_counter() - self._began
        rate = float(keras.ops.convert_to_numpy(self.model.optimizer.learning_rate))
        for name, value in {**(logs or {}), "learning_rate": rate, "seconds": seconds}.items():
            state.history.setdefault(name, []).append(float(value))
        state.epoch = epoch + 1
        score = (logs or {}).get(self._monitor)
        if score is None:
            raise ValueError(f"there is no {self._monitor!r} to judge an epoch by; fit has {sorted(logs or {})}")
        # A first epoch that diverged (NaN) is kept, so that there is a model, but anything finite beats it.
        first = state.best_score is None or math.isnan(state.best_score)
        if first or self._sign * score > self._sign * state.best_score:
            state.best_score, state.best_epoch = float(score), state.epoch
            self.directory.mkdir(parents=True, exist_ok=True)
            self.model.save(self.directory / BEST)
        self._save()
        self.model.stop_training = self.model.stop_training or self.exhausted

    @property
    def exhausted(self) -> bool:
        """Whether the best epoch is `patience` epochs past."""
        return self.state.epoch > 0 and self.state.epoch - self.state.best_epoch >= self._patience

    def _save(self) -> None:
        name = f"epoch-{self.state.epoch:04d}"
        partial = self.directory / f".{name}"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        self.model.save(partial / _MODEL)
        (partial / _STATE).write_text(json.dumps(asdict(self.state)), encoding="utf-8")
        os.rename(partial, self.directory / name)
        for other in self.directory.iterdir():  # older epochs, and what a killed process was writing
            if other.name.startswith(("epoch-", ".epoch-")) and other.name != name:
                shutil.rmtree(other)
            elif other.name.startswith(f".{Path(BEST).stem}."):
                other.unlink()


def newest(directory: str | os.PathLike[str]) -> tuple[Path, RunState] | None:
    """Finds where a run stands.

    Args:
        directory: What `Checkpoints` was given.

    Returns:
        The newest epoch's `.keras` file and its state, or None where nothing was saved.

    Raises:
        ValueError: The state cannot be read.
    """
    epochs = sorted(path for path in Path(directory).glob("epoch-[0-9]*") if path.is_dir())
    if not epochs:
        return None
    state = epochs[-1] / _STATE
    try:
        return epochs[-1] / _MODEL, RunState(**json.loads(state.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ValueError(f"{state}: cannot be read ({error}); remove {epochs[-1]} and run again") from error
