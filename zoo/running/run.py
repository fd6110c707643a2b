"""One run of a recipe: what it reads, where it stands, and what it leaves behind."""

from __future__ import annotations

import csv
import json
import logging
import os
import platform
import shutil
import statistics
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import zoo
from zoo import datasets
from zoo.files import replacing
from zoo.models.task import Task
from zoo.running.flags import Options
from zoo.showing import training_curve
from zoo.training.checkpoints import BEST, Checkpoints, RunState, newest
from zoo.training.strategies import strategy

_LOG = logging.getLogger(__name__)

_HELD_OUT = 10  # without a validation file, one training record in so many
_MAY_CHANGE = {"epochs", "patience"}  # what a resumed run may choose anew


class Run:
    """Carries a script from its flags to its report.

    In the working folder: `checkpoints/` (the newest epoch and the best), `tensorboard/`, `history.csv`,
    `training_curve.png`, `metrics.json`, and whatever the script adds.

    Attributes:
        options: What was asked for.
        workdir: The working folder.
        strategy: The distribution strategy; make and load models in its scope.
        state: Where the run stands.
    """

    def __init__(self, options: Options, reading: Mapping[str, Any] | None = None) -> None:
        """Looks at the working folder, and changes nothing in it before `fit`.

        Args:
            options: What was asked for.
            reading: The script's own settings that say how files are read: a resumed run must have the same.

        Raises:
            ValueError: The folder holds another run, or none to resume, or one with another configuration.
        """
        self.options = options
        self._reading = {name: value for name, value in (reading or {}).items() if value is not None}
        self.workdir = options.workdir
        self.strategy = strategy(options.strategy)
        self._checkpoints = self.workdir / "checkpoints"
        self._found = newest(self._checkpoints)
        self.state = RunState()
        if options.resume:
            if self._found is None:
                raise ValueError(f"--resume: {self.workdir} holds no whole epoch of a run; leave --resume out to begin")
            self.state = self._found[1]
            if self.state.data != self._data:
                raise ValueError(f"--resume: the run in {self.workdir} is of {self.state.data}, not of {self._data}")
        elif self._found is not None and not (options.demo and self._found[1].data == self._data):
            raise ValueError(
                f"{self.workdir} holds a run of {self._found[1].epoch} epochs: add --resume to go on, "
                "or choose another --workdir"
            )
        self.state.data = self._data
        for flag, folder in (("workdir", self.workdir), ("export_dir", options.export_dir)):
            _check_writable(flag, folder)

    @property
    def _data(self) -> str:
        """Names what the run reads; the validation data too, since it chooses the best epoch."""
        options = self.options
        told = [f"{name}={value}" for name, value in self._reading.items()]
        if options.train is None:
            return ", ".join([options.data, *told])
        files = {"train": options.train, "valid": options.valid, "test": options.test}
        return ", ".join([*(f"{name} {Path(path).resolve()}" for name, path in files.items() if path), *told])

    def data(
        self, read_file: Callable[[str], tf.data.Dataset], held_out: Callable[[tf.data.Dataset], tuple] | None = None
    ) -> tuple[tf.data.Dataset, ...]:
        """Returns the training, validation and test records.

        Args:
            read_file: Makes records of a file.
            held_out: Splits training records in two where there is no validation data; default: every tenth is taken.

        Raises:
            ValueError: A malformed or empty file, or an unknown data set.
        """
        options, held_out = self.options, held_out or _every_tenth
        if options.train is None:
            return _loaded(options.config.sample if options.data == "sample" else options.data, held_out)
        train = read_file(options.train)
        if options.valid:
            valid = read_file(options.valid)
        else:
            train, valid = _held_out(train, "no --valid", held_out)
        if not options.test:
            _LOG.warning("no --test: the figures reported are those of the validation data, which chose the best epoch")
        return train, valid, read_file(options.test) if options.test else valid

    def model(self) -> Task:
        """Makes the model, or loads it where the run is resumed, in the strategy's scope.

        Raises:
            ValueError: The run to resume has another configuration, or its model cannot be read.
        """
        with self.strategy.scope():
            if not self.options.resume:
                return zoo.get(self.options.recipe, **self.options.config.to_dict())
            model = zoo.load(self._found[0])
        asked, saved = self.options.config.to_dict(), model.config.to_dict()
        other = [name for name in asked if asked[name] != saved[name] and name not in _MAY_CHANGE]
        if other:
            differences = ", ".join(f"{name}={asked[name]} (was {saved[name]})" for name in other)
            raise ValueError(f"--resume goes on with the same configuration, but {differences}: use another --workdir")
        return model

    def fit(self, model: Task, train: tf.data.Dataset, valid: tf.data.Dataset) -> Task:
        """Trains from where the run stands and returns the best epoch's model.

        Args:
            model: What `model()` returned.
            train: Training records.
            valid: Validation records.
        """
        config = self.options.config
        if self._found is not None and not self.options.resume:  # an earlier demo: gone once the new one can begin
            shutil.rmtree(self._checkpoints)
            shutil.rmtree(self.workdir / "tensorboard", ignore_errors=True)
        self.workdir.mkdir(parents=True, exist_ok=True)
        checkpoints = Checkpoints(self._checkpoints, self.state, model.monitor, config.patience, model.monitor_mode)
        if self.state.epoch < config.epochs and not checkpoints.exhausted:
            tensorboard = keras.callbacks.TensorBoard(self.workdir / "tensorboard", write_graph=False)
            model.fit(
                train,
                validation_data=valid,
                epochs=config.epochs,
                initial_epoch=self.state.epoch,
                callbacks=[checkpoints, tensorboard],
            )
        with self.strategy.scope():
            return zoo.load(self.best_model)

    @property
    def best_model(self) -> Path:
        """The best epoch's `.keras` file."""
        return self._checkpoints / BEST

    @property
    def color(self) -> bool:
        """Whether what is printed may be coloured: into a terminal, unless NO_COLOR is set."""
        return sys.stdout.isatty() and "NO_COLOR" not in os.environ

    def judge(self, model: Task, train: tf.data.Dataset, test: tf.data.Dataset) -> dict[str, Any]:
        """Evaluates the best model on the test records, and writes and returns the report; see `report`."""
        return self.report(model, train, model.evaluate(test, return_dict=True, verbose=0))

    def finish(
        self,
        model: Task,
        metrics: Mapping[str, Any],
        headline: Mapping[str, str],
        records: str,
        request: Mapping[str, Any],
        output: str,
        signature: str = "serving_default",
        ask: Callable[[Task], Any] | None = None,
    ) -> None:
        """Exports the model, uses the export and the saved model once, and prints where everything is.

        Args:
            model: The best model.
            metrics: What `judge` returned.
            headline: The metrics to print, by the name to print each under.
            records: What the records are called, for example `sentences`.
            request: The export's inputs by name.
            output: The export's output to print, strings [batch] or [batch, time].
            signature: The export's function to ask.
            ask: Asks the saved model for an answer; by default it predicts the first input of the request.
        """
        exported = model.export(self.options.export_dir)
        serve = tf.saved_model.load(str(exported)).signatures[signature]
        wanted = serve.structured_input_signature[1]
        served = serve(**{name: tf.constant(value, wanted[name].dtype) for name, value in request.items()})
        served = served[output].numpy()
        ask = ask or (lambda model: model.predict(next(iter(request.values())))[0])
        reloaded = ask(zoo.load(self.best_model))
        figures = ", ".join(f"{name} {metrics[key]:.4f}" for name, key in headline.items())
        print(
            f"\n{metrics['reported_on']}: {figures}; "
            f"{metrics['training_examples_per_second']:.0f} training {records} a second"
        )
        left = sorted(path.name + "/" * path.is_dir() for path in self.workdir.iterdir() if path != self._checkpoints)
        print(f"workdir:  {self.workdir} ({', '.join(left)})")
        print(f"model:    {self.best_model} answers {reloaded}")
        print(f"export:   {exported} serves {' '.join(part.decode() for part in np.ravel(served[0]))}")

    def report(self, model: Task, train: tf.data.Dataset, scores: Mapping[str, float]) -> dict[str, Any]:
        """Writes `metrics.json`, `history.csv` and `training_curve.png`, and returns the metrics.

        Args:
            model: The best model.
            train: Training records, to be counted.
            scores: What `evaluate` returned on the test records.
        """
        history, options = self.state.history, self.options
        # The first epoch traces and warms up: a speed is told by the others, where there are any.
        seconds = history["seconds"][1:] or history["seconds"]
        metrics = {
            "recipe": options.recipe,
            "data": options.train or options.data,
            "reported_on": "validation" if options.train and not options.test else "test",
            **{name: float(value) for name, value in scores.items()},
            "epochs": self.state.epoch,
            "best_epoch": self.state.best_epoch,
            "seconds": sum(history["seconds"]),
            "training_examples_per_second": model.examples(train) / statistics.median(seconds),
            "parameters": model.count_params(),
            "strategy": options.strategy,
            "versions": {"zoo": zoo.__version__, "tensorflow": tf.__version__, "python": platform.python_version()},
            "config": options.config.to_dict(),
        }
        with replacing(self.workdir / "metrics.json") as path:
            path.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
        with replacing(self.workdir / "history.csv") as path, path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file)
            writer.writerow(["epoch", *history])
            writer.writerows([epoch, *row] for epoch, row in enumerate(zip(*history.values(), strict=True), 1))
        curves = {name: history[name] for name in model.figures if name in history}
        training_curve(curves, self.workdir / "training_curve.png", title=options.recipe)
        return metrics


def _check_writable(flag: str, folder: Path) -> None:
    """Says before training, not after, that a folder cannot be made."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise NotADirectoryError(f"--{flag}={folder}: {existing} is a file; choose another folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise PermissionError(f"--{flag}={folder}: {existing} cannot be written; choose another folder")


def _loaded(name: str, held_out: Callable[[tf.data.Dataset], tuple]) -> tuple[tf.data.Dataset, ...]:
    """Returns the three splits of a data set that is known by name."""
    train, test = (datasets.load(name, split=split) for split in ("train", "test"))
    if "validation" in datasets.splits(name):
        return train, datasets.load(name, split="validation"), test
    return (*_held_out(train, f"{name} has no validation split", held_out), test)


def _held_out(records: tf.data.Dataset, why: str, split: Callable[[tf.data.Dataset], tuple]) -> tuple:
    """Splits off a tenth for validation."""
    _LOG.warning("%s: a tenth of the training data is held out for validation", why)
    return split(records)


def _every_tenth(records: tf.data.Dataset) -> tuple[tf.data.Dataset, tf.data.Dataset]:
    """Splits off every tenth record."""

    def part(chosen: bool) -> tf.data.Dataset:
        numbered = records.enumerate().filter(lambda number, _: ((number % _HELD_OUT) == 0) == chosen)
        return numbered.map(lambda _, record: record)

    return part(False), part(True)
