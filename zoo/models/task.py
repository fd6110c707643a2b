"""What every task shares: one lifecycle from a configuration to a served model."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

import keras
import numpy as np
import tensorflow as tf

from zoo.config.training import TrainingConfig
from zoo.engine import paths
from zoo.models.answering import in_order
from zoo.models.data_errors import data_errors
from zoo.models.feeding import Fed
from zoo.models.saving import Saved
from zoo.serving.saved_model import write_saved_model
from zoo.training import optimizers, precision, workers
from zoo.training.progress import Progress, without_false_alarms
from zoo.training.schedules import EpochSchedule

# What Keras' fit takes for arrays; on a stream of records it would do nothing, or undo the order of the epochs.
_NOT_OF_RECORDS = {"class_weight", "sample_weight", "shuffle", "steps_per_epoch", "validation_split"}


class Task(Saved, Fed):
    """A recurrent model that speaks raw records.

    A new task is compiled but knows nothing: `adapt(records)`, called by the first `fit`, learns its vocabulary and
    creates its network. A saved task is one `.keras` file: configuration, vocabulary, weights, optimizer and random
    state.

    A subclass gives `config_class` and the methods that raise here, in `Fed` and in `ReplicaSafe`.

    Class attributes:
        config_class: The configuration's class.
        vocabulary_class: What `adapt` learns.
        monitor: The log that says which epoch is best.
        monitor_mode: `max` or `min`, which of its values is best.
        figures: The logs that the progress bar and the training curve show.

    Attributes:
        config: The frozen configuration.
        vocabulary: What `adapt` learnt, or None before.
        preprocessor: From batches of raw records to named tensors, or None before `adapt`.
        network: The Functional model inside, from named tensors to logits, or None before `adapt`.
    """

    config_class: ClassVar[type[TrainingConfig]]
    vocabulary_class: ClassVar[type]
    figures: ClassVar[tuple[str, ...]] = ("loss", "val_loss")
    monitor: ClassVar[str] = "val_loss"
    monitor_mode: ClassVar[str] = "min"

    def __init__(self, config: TrainingConfig, vocabulary: Any = None, **kwargs: Any) -> None:
        """Makes a compiled task.

        Args:
            config: What to build.
            vocabulary: What an earlier `adapt` learnt; None leaves the network for `adapt` to create.
            **kwargs: Arguments of `keras.Model`.
        """
        super().__init__(dtype=precision.policy(config.precision), **kwargs)
        self.config = config
        self.vocabulary = self.preprocessor = self.network = None
        self._graphs: dict[tuple[str, TrainingConfig], Callable] = {}
        if vocabulary is not None:
            self._assemble(vocabulary)
        self.compile(
            optimizer=optimizers.make(config), jit_compile=False, steps_per_execution=config.steps_per_execution
        )

    # What a subclass says.

    def records(self, x: Any, y: Any = None) -> tf.data.Dataset:
        """Turns whatever `fit` and `evaluate` were given into a dataset of single raw records."""
        raise TypeError(f"{type(self).__name__} does not say what its records are: define records()")

    def learn_vocabulary(self, records: tf.data.Dataset) -> Any:
        """Returns what must be known before the network can be made."""
        raise TypeError(f"{type(self).__name__} does not say what it learns before training: define learn_vocabulary()")

    def make_preprocessor(self, vocabulary: Any) -> tf.Module:
        """Returns the object that turns batches of raw records into tensors."""
        raise TypeError(f"{type(self).__name__} does not say how records become tensors: define make_preprocessor()")

    def make_network(self) -> keras.Model:
        """Returns the Functional model from named tensors to logits."""
        raise TypeError(f"{type(self).__name__} does not say what its network is: define make_network()")

    def signatures(self) -> Mapping[str, Any]:
        """Returns the functions that an export serves, by signature name."""
        raise TypeError(f"{type(self).__name__} does not say what it serves: define signatures()")

    def windows(self, x: Any) -> Iterator[Any]:
        """Cuts whatever `predict` takes into windows of a few thousand records, each with its records' `lengths`."""
        raise TypeError(f"{type(self).__name__} does not say what it answers: define windows()")

    def answer(self, window: Any, rows: np.ndarray) -> list:
        """Returns a decoded answer for each of some records of a window, which are of similar length."""
        raise TypeError(f"{type(self).__name__} does not say how it answers: define answer()")

    def initialise(self) -> None:
        """Called once after `adapt` has created the network: the place to load pretrained weights."""

    # From questions to answers.

    def predict(self, x: Any, batch_size: int | None = None, verbose: Any = "auto") -> list:
        """Returns a decoded answer for each raw record, in order.

        Records are answered in batches of similar length, each within a budget of padded time steps.

        Args:
            x: A list or a dataset of raw records, as the task reads them; right answers may be left out.
            batch_size: Records a step; default 256.
            verbose: Accepted as in Keras; nothing is printed.

        Raises:
            ValueError: The task has not been fitted, or a record is malformed.
            TypeError: `x` is something else.
        """
        self._require_network("predict")
        answers: list = []
        for window in self.windows(x):
            answers += in_order(window.lengths, partial(self.answer, window), batch_size)
        return answers

    def in_graph(self, function: Callable, *signature: tf.TensorSpec) -> Callable:
        """Returns a method as a graph for inputs of any size, traced once for a configuration.

        Args:
            function: A method of this task.
            *signature: What it takes.
        """
        key = (function.__name__, self.config)  # a search reads its settings while it is traced
        if key not in self._graphs:
            self._graphs[key] = tf.function(function, input_signature=signature, autograph=False)
        return self._graphs[key]

    # The lifecycle.

    def adapt(self, records: Any) -> None:
        """Learns the vocabulary and creates preprocessor and network; does nothing the second time.

        Args:
            records: What `fit` takes.

        Raises:
            ValueError: There is nothing to learn in the records.
        """
        if self.vocabulary is None:
            vocabulary = self._learnt_by_chief(self.records(records))
            keras.utils.set_random_seed(self.config.seed)
            with self.distribute_strategy.scope():
                self._assemble(vocabulary)
                self.initialise()

    def _learnt_by_chief(self, records: tf.data.Dataset) -> Any:
        """Returns the vocabulary of the records, which one worker reads for all."""

        def learnt() -> Any:
            with data_errors():
                return self.learn_vocabulary(records)

        if workers.count(self.distribute_strategy) == 1:
            return learnt()
        told = workers.by_chief(self.distribute_strategy, lambda: learnt().to_dict())
        return self.vocabulary_class.from_dict(told)

    def _assemble(self, vocabulary: Any) -> None:
        self.preprocessor = self.make_preprocessor(vocabulary)
        with precision.computing_in(self.config.precision):
            self.network = self.make_network()
        self.vocabulary = vocabulary  # last: whoever finds a vocabulary finds everything
        self.built = True

    def build(self, input_shape: Any = None) -> None:
        """Nothing to do: `adapt` creates all weights."""
        self.built = self.network is not None

    def call(self, tensors: Mapping[str, tf.Tensor], training: bool = False) -> Any:
        """Returns the network's output for preprocessed tensors."""
        return self.network(tensors, training=training)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        *,
        validation_data: Any = None,
        epochs: int | None = None,
        initial_epoch: int = 0,
        initial_step: int = 0,
        batch_size: int | None = None,
        callbacks: list | None = None,
        verbose: Any = "auto",
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Trains on raw records; the first call learns the vocabulary and creates the network.

        Args:
            x: A `tf.data.Dataset` of single raw records, or Python lists, with the answers in `y`.
            y: Answers of the records in `x`, where they are lists.
            validation_data: Records (or a pair of lists) to evaluate on after every epoch.
            epochs: The epoch to stop at; default: the configuration's.
            initial_epoch: The epoch to start from, when training goes on.
            initial_step: How many batches of that epoch have been learnt from before.
            batch_size: Records a step; default: the configuration's.
            callbacks: Keras callbacks.
            verbose: As in Keras.
            **kwargs: Further arguments of `keras.Model.fit`.

        Returns:
            Keras' history: `loss`, and `val_` metrics where there is validation data.

        Raises:
            ValueError: The records are empty, malformed, or not of this task's kind.
        """
        if useless := sorted(set(kwargs) & _NOT_OF_RECORDS):
            raise TypeError(f"fit: {', '.join(useless)} means nothing for raw records; shape the data set instead")
        if epochs is not None and epochs < 0:
            raise ValueError(f"fit: epochs is {epochs}, but must not be negative")
        if verbose == "auto" and not workers.is_chief(self.distribute_strategy):
            verbose = 0
        with data_errors(), without_false_alarms():
            records = self.records(x, y)
            self.adapt(records)
            plan = self.config if optimizers.follows_plan(self.optimizer) else None
            epochs = self.config.epochs if epochs is None else epochs
            if validation_data is not None:
                pair = validation_data if isinstance(validation_data, tuple) else (validation_data,)
                validation_data = self.replica_batches(self.records(*pair), training=False)
            start = (initial_epoch, initial_step)
            fit = partial(
                super().fit,
                self.replica_batches(records, training=True, batch_size=batch_size),
                validation_data=validation_data,
                callbacks=[
                    EpochSchedule(plan, epochs, self._epoch, self._steps_done, start),
                    Progress(self.figures, epochs),
                    *(callbacks or []),
                ],
                verbose=verbose,
                shuffle=False,  # the batches come shuffled
                **kwargs,
            )
            if not initial_step:
                return fit(epochs=epochs, initial_epoch=initial_epoch)
            # The rest of an epoch by itself: Keras takes the number of its first epoch's batches for that of all.
            history = fit(epochs=min(initial_epoch + 1, epochs), initial_epoch=initial_epoch)
            if initial_epoch + 1 < epochs and not self.stop_training:
                later = fit(epochs=epochs, initial_epoch=initial_epoch + 1)
                for name, values in later.history.items():
                    history.history.setdefault(name, []).extend(values)
                history.epoch += later.epoch
            return history

    def evaluate(self, x: Any = None, y: Any = None, batch_size: int | None = None, **kwargs: Any) -> Any:
        """Returns the loss and the task's own metrics on raw records.

        Args:
            x: Records as in `fit`.
            y: Answers, where `x` is a list.
            batch_size: Records a step.
            **kwargs: Further arguments of `keras.Model.evaluate`, such as `return_dict=True`.

        Raises:
            ValueError: The task has not been fitted, or the records are malformed.
        """
        if kwargs.get("_use_cached_eval_dataset"):  # Keras' fit calls back with the batches that were made there
            return super().evaluate(x, y, **kwargs)
        self._require_network("evaluate")
        figures = [name.removeprefix("val_") for name in self.figures if name.startswith("val_")]
        kwargs["callbacks"] = [Progress(figures), *(kwargs.get("callbacks") or [])]
        with data_errors(), without_false_alarms():
            batches = self.replica_batches(self.records(x, y), training=False, batch_size=batch_size)
            return super().evaluate(batches, **kwargs)

    def export(self, parent: str | os.PathLike[str]) -> Path:
        """Writes a SavedModel for TensorFlow Serving: raw text in, answers out.

        Args:
            parent: Folder of the model's versions; the export becomes its next integer sub-folder.

        Returns:
            The folder that was written.

        Raises:
            ValueError: The task has not been fitted.
            OSError: The folder cannot be written.
        """
        self._require_network("export")
        assets = {
            "config.json": json.dumps({"task": self.config.task, **self.config.to_dict()}, indent=2),
            "vocabulary.json": json.dumps(self.vocabulary.to_dict(), ensure_ascii=False),
        }
        with paths.plain():  # stock servers have XLA for the CPU off, and may have no GPU
            return write_saved_model(
                parent, self.signatures(), assets, tracked=[self.preprocessor, *self.network.variables]
            )

    def _require_network(self, what: str) -> None:
        if self.network is None:
            raise ValueError(f"{what}: this {type(self).__name__} has learnt nothing yet; call fit(records) first")
