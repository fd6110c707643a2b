"""One run of a recipe: what it reads, where it stands, and what it leaves behind."""

from __future__ import annotations

import logging
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import zoo
from zoo.models.task import Task
from zoo.running import agreement, splits
from zoo.running.flags import Options
from zoo.running.reports import write_report
from zoo.training import signals, workers
from zoo.training.checkpoints import Checkpoints
from zoo.training.saved_runs import BEST, RunState, SavedRun, newest
from zoo.training.strategies import strategy

_LOG = logging.getLogger(__name__)

_MAY_CHANGE = {"epochs", "patience"}  # what a resumed run may choose anew


class Run:
    """Carries a script from its flags to its report.

    In the working folder: `checkpoints/` (where the run stands, and the best epoch), `tensorboard/`, `history.csv`,
    `training_curve.png`, `metrics.json`, and whatever the script adds.

    Of several workers all read, train and evaluate; then the chief alone reports, shows and exports, and for the others
    `report` ends the program.

    Attributes:
        options: What was asked for.
        workdir: The working folder.
        strategy: The distribution strategy; make and load models in its scope.
        state: Where the run stands.
        resumed_pretraining: Where it stood in what it learns before, if it goes on from there.
    """

    def __init__(self, options: Options, reading: Mapping[str, Any] | None = None) -> None:
        """Looks at the working folder, and changes nothing in it before `fit`.

        Args:
            options: What was asked for.
            reading: The script's own settings that say how files are read: a resumed run must have the same.

        Raises:
            ValueError: The folder holds another run.
            OSError: A folder cannot be made or written.
        """
        self.options = options
        self._reading = {name: value for name, value in (reading or {}).items() if value is not None}
        self.workdir = options.workdir
        self.strategy = strategy(options.strategy, logical_devices=options.logical_devices, tpu=options.tpu)
        self._checkpoints = self.workdir / "checkpoints"
        self._found = self._newest(self._checkpoints) or self._newest(self.pretraining)
        self._check_recipe()
        going_on = self._found if options.resume else None
        self._resumed = going_on if going_on and not going_on.state.pretraining else None
        self.resumed_pretraining = going_on if going_on and going_on.state.pretraining else None
        self.state = self._resumed.state if self._resumed else RunState()
        self._begun = False
        if going_on:
            # By the chief, which wrote it: paths may differ between machines.
            if not workers.by_chief(self.strategy, lambda: going_on.state.data == self._data):
                raise ValueError(
                    f"--resume: the run in {self.workdir} is of {going_on.state.data}, not of {self._data}"
                )
            _LOG.info("going on after %s", going_on.state)
        elif options.resume:
            _LOG.warning("%s holds nothing to go on from: the run begins", self.workdir)
        elif self._found is not None and not (options.demo and self._found.state.demo):
            raise ValueError(
                f"{self.workdir} holds a run of {self._found.state}: add --resume to go on, or choose another --workdir"
            )
        self.state.data, self.state.recipe, self.state.demo = self._data, options.recipe, options.demo
        for flag, folder in (("workdir", self.workdir), ("export_dir", options.export_dir)):
            _check_writable(flag, folder)

    def _check_recipe(self) -> None:
        """Refuses a folder that holds another recipe's run."""
        held = self._found.state.recipe if self._found else ""
        if held not in ("", self.options.recipe):
            raise ValueError(
                f"--workdir={self.workdir} holds a run of {held}, this is {self.options.recipe}: "
                "choose another --workdir"
            )

    def _newest(self, folder: Path) -> SavedRun | None:
        """Finds where the run stands; all workers must see the same."""
        found = newest(folder)
        name = found.folder.name if found else ""
        chiefs = workers.from_chief(self.strategy, name.encode()).decode()
        told = f"the chief sees {chiefs or 'nothing'}, this worker {name or 'nothing'}"
        agreement.check_folder(self.strategy, self.workdir, name == chiefs, told)
        return found

    def begin(self) -> None:
        """Makes the working folder, after all workers have been found to do the same work in the same place.

        `fit` calls it; whoever trains before that, calls it before.

        Raises:
            ValueError: Workers have other flags or files, or another folder.
        """
        if self._begun:
            return
        workers.by_chief(self.strategy, lambda: self.workdir.mkdir(parents=True, exist_ok=True))
        if workers.count(self.strategy) > 1:
            options = self.options
            asked = {
                name: getattr(options, name) for name in ("recipe", "data", "train", "valid", "test", "save_every")
            }
            agreement.check_alike(self.strategy, {**asked, **options.config.to_dict(), **self._reading})
            agreement.check_shared(self.strategy, self.workdir)
        # An earlier demo goes once the new one can begin.
        if workers.is_chief(self.strategy) and self._found and not self.options.resume:
            shutil.rmtree(self._checkpoints)
            shutil.rmtree(self.workdir / "tensorboard", ignore_errors=True)
        self._begun = True

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
        options, held_out = self.options, held_out or splits.every_tenth
        if options.train is None:
            return splits.by_name(options.config.sample if options.data == "sample" else options.data, held_out)
        train = read_file(options.train)
        if options.valid:
            valid = read_file(options.valid)
        else:
            train, valid = splits.held_out(train, "no --valid", held_out)
        if not options.test:
            _LOG.warning("no --test: the figures reported are those of the validation data, which chose the best epoch")
        return train, valid, read_file(options.test) if options.test else valid

    def model(self) -> Task:
        """Makes the model, or loads it where the run is resumed, in the strategy's scope.

        Raises:
            ValueError: The run to resume has another configuration, or its model cannot be read.
        """
        going_on = self._resumed or self.resumed_pretraining
        with self.strategy.scope():
            if not going_on:
                return zoo.get(self.options.recipe, **self.options.config.to_dict())
            model = zoo.load(going_on.model)
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

        Raises:
            ValueError: The run is resumed, but its best epoch's model is missing or damaged.
        """
        config = self.options.config
        if self.state.best_epoch:  # told before more is trained, not after
            self._best()
        self.begin()
        with signals.noted() as asked:
            checkpoints = Checkpoints(
                self._checkpoints, self.state, model.monitor, config.patience, model.monitor_mode,
                every=self.options.save_every, resumed=self._resumed, asked=asked,
            )  # fmt: skip
            if self.state.epoch < config.epochs and not checkpoints.exhausted:
                self._train(model, train, valid, checkpoints)
        workers.wait_for_all(self.strategy)  # until the chief has written the best model
        if workers.is_chief(self.strategy):
            shutil.rmtree(self.pretraining, ignore_errors=True)
        return self._best()

    def _best(self) -> Task:
        """Loads the best epoch's model."""
        try:
            with self.strategy.scope():
                return zoo.load(self.best_model)
        except (ValueError, FileNotFoundError) as error:
            raise ValueError(
                f"{self.best_model}: the best epoch's model is missing or damaged: "
                f"remove {self._checkpoints} and train again"
            ) from error

    def _train(self, model: Task, train: tf.data.Dataset, valid: tf.data.Dataset, checkpoints: Checkpoints) -> None:
        callbacks = [checkpoints]
        if workers.is_chief(self.strategy):
            callbacks.append(keras.callbacks.TensorBoard(self.workdir / "tensorboard", write_graph=False))
        model.fit(
            train,
            validation_data=valid,
            epochs=self.options.config.epochs,
            initial_epoch=self.state.epoch,
            initial_step=self.state.step,
            callbacks=callbacks,
        )

    @property
    def pretraining(self) -> Path:
        """The folder that says where the run stands before its own first epoch, if it learns something else before."""
        return self._checkpoints / "pretraining"

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
        compiling = " (in the only epoch, compiling included)" * (metrics["epochs"] == 1)
        print(
            f"\n{metrics['reported_on']}: {figures}; "
            f"{metrics['training_examples_per_second']:.0f} training {records} a second{compiling}"
        )
        left = sorted(path.name + "/" * path.is_dir() for path in self.workdir.iterdir() if path != self._checkpoints)
        print(f"workdir:  {self.workdir} ({', '.join(left)})")
        print(f"model:    {self.best_model} answers {reloaded}")
        print(f"export:   {exported} serves {' '.join(part.decode() for part in np.ravel(served[0]))}")

    def report(self, model: Task, train: tf.data.Dataset, scores: Mapping[str, float]) -> dict[str, Any]:
        """Writes `metrics.json`, `history.csv` and `training_curve.png`, and returns the metrics.

        For a worker that is not the chief the program ends here.

        Args:
            model: The best model.
            train: Training records, to be counted.
            scores: What `evaluate` returned on the test records.
        """
        if not workers.is_chief(self.strategy):
            sys.exit(0)
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
            "replicas": self.strategy.num_replicas_in_sync,
            "versions": {"zoo": zoo.__version__, "tensorflow": tf.__version__, "python": platform.python_version()},
            "config": options.config.to_dict(),
        }
        curves = {name: history[name] for name in model.figures if name in history}
        write_report(self.workdir, metrics, history, curves, title=options.recipe)
        return metrics


def _check_writable(flag: str, folder: Path) -> None:
    """Says before training, not after, that a folder cannot be made."""
    existing = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    if not existing.is_dir():
        raise NotADirectoryError(f"--{flag}={folder}: {existing} is a file; choose another folder")
    try:
        # Tried out, since permissions tell the superuser nothing, nor do they know of what cannot be written at all.
        os.rmdir(tempfile.mkdtemp(prefix=".zoo-", dir=existing))
    except OSError as error:
        raise PermissionError(
            f"--{flag}={folder}: {existing} cannot be written ({error.strerror}); choose another folder"
        ) from error
