"""Where a run stands, on disk: written whole or not at all, and found again even if the newest is damaged."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from zoo.files import replacing, synced

_LOG = logging.getLogger(__name__)

BEST = "best.keras"
_MODEL, _STATE, _POSITION, _SUMS = "model.keras", "state.json", "position.npz", "checksums.json"


@dataclass
class RunState:
    """What a run knows beside its model.

    Attributes:
        epoch: Whole epochs done.
        step: Steps done of the epoch after these.
        seconds: Of training in that epoch so far.
        best_epoch: The epoch (from 1) with the best score so far; 0 before there is one.
        best_score: Its score, or None.
        data: What the run reads.
        recipe: The recipe that is run; empty in runs that were saved before it was recorded.
        demo: Whether it is run as it is, without any flag: another such run may replace it.
        pretraining: Whether the epochs are of what is learnt before the run's own records.
        history: One list a column, one entry an epoch: the logs, `learning_rate` and `seconds` (of training, without
            validation).
    """

    epoch: int = 0
    step: int = 0
    seconds: float = 0.0
    best_epoch: int = 0
    best_score: float | None = None
    data: str = ""
    recipe: str = ""
    demo: bool = False
    pretraining: bool = False
    history: dict[str, list[float]] = field(default_factory=dict)

    def __str__(self) -> str:
        """Says it in words."""
        epochs = f"{self.epoch} epoch{'s' * (self.epoch != 1)}"
        steps = f" and {self.step} step{'s' * (self.step != 1)}" if self.step else ""
        return epochs + steps + " of pretraining" * self.pretraining

    @property
    def folder(self) -> str:
        """The name of the folder that holds it; names sort as the run went on."""
        return f"epoch-{self.epoch:04d}" + (f"-step-{self.step:07d}" if self.step else "")


@dataclass(frozen=True)
class SavedRun:
    """A run as it was saved.

    Attributes:
        folder: Where.
        state: Where it stood.
    """

    folder: Path
    state: RunState

    @property
    def model(self) -> Path:
        """The `.keras` file."""
        return self.folder / _MODEL

    def position(self) -> list[np.ndarray]:
        """Returns what `ReplicaSafe.position` said."""
        with np.load(self.folder / _POSITION) as arrays:
            return [arrays[f"arr_{number}"] for number in range(len(arrays.files))]


def write(
    directory: Path,
    state: RunState,
    position: Sequence[np.ndarray],
    save_model: Callable[[Path], None],
    best: bool,
    keep: Path | None = None,
) -> Path:
    """Saves where a run stands, and removes what is older.

    Args:
        directory: Of all that is saved of the run.
        state: Where it stands.
        position: What `ReplicaSafe.position` returned.
        save_model: Writes the model to a `.keras` file.
        best: Whether the model is to be `best.keras`, too.
        keep: An older one that stays, should the one that is written now be damaged.

    Returns:
        The folder written.

    Raises:
        OSError: The disk is full or fails. Nothing is left of what was being written, and nothing older is lost.
    """
    folder, partial = directory / state.folder, directory / f".{state.folder}"
    shutil.rmtree(partial, ignore_errors=True)
    try:
        partial.mkdir(parents=True)
        save_model(partial / _MODEL)
        np.savez(partial / _POSITION, *position)
        (partial / _STATE).write_text(json.dumps(asdict(state)), encoding="utf-8")
        sums = {name: _checksum(partial / name) for name in (_MODEL, _POSITION, _STATE)}
        (partial / _SUMS).write_text(json.dumps(sums), encoding="utf-8")
        synced(*partial.iterdir(), partial)
        if best:
            with replacing(directory / BEST) as whole:
                shutil.copyfile(partial / _MODEL, whole)
        shutil.rmtree(folder, ignore_errors=True)  # there is one only if it was damaged
        os.rename(partial, folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    synced(directory)
    for other in directory.iterdir():  # what is older, and what a killed process was writing
        if other.name.startswith(("epoch-", ".epoch-")) and other not in (folder, keep):
            shutil.rmtree(other, ignore_errors=True)
        elif other.name.startswith(f".{Path(BEST).stem}."):
            other.unlink(missing_ok=True)
    return folder


def newest(directory: str | os.PathLike[str]) -> SavedRun | None:
    """Finds where a run stands: the newest that was saved and is whole.

    Args:
        directory: What `Checkpoints` was given.

    Returns:
        The newest, or None where nothing was saved.

    Raises:
        ValueError: Something was saved, but all of it is damaged.
    """
    found = sorted((path for path in Path(directory).glob("epoch-[0-9]*") if path.is_dir()), reverse=True)
    for folder in found:
        try:
            return SavedRun(folder, _read(folder))
        except (OSError, ValueError, TypeError, KeyError) as error:
            _LOG.warning("%s is damaged (%s): what was saved before is looked at", folder, error)
    if found:
        raise ValueError(f"{directory}: all that was saved of the run is damaged; remove it and run again")
    return None


def _read(folder: Path) -> RunState:
    sums = json.loads((folder / _SUMS).read_text(encoding="utf-8"))
    wrong = [name for name in (_MODEL, _POSITION, _STATE) if _checksum(folder / name) != sums[name]]
    if wrong:
        raise ValueError(f"{', '.join(wrong)} is not what was written")
    return RunState(**json.loads((folder / _STATE).read_text(encoding="utf-8")))


def _checksum(path: Path) -> str:
    digest = hashlib.blake2b()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()
