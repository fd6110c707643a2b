"""Training on other records first, with the vocabulary of those that matter."""

from __future__ import annotations

import math
import warnings
from dataclasses import replace

import tensorflow as tf

from zoo.models.task import Task
from zoo.running.run import Run
from zoo.training import signals, workers
from zoo.training.checkpoints import Checkpoints

_LOOKED_AT = 2000  # records: what share of them is unknown is an estimate


def pretrain(run: Run, model: Task, train: tf.data.Dataset, first: tf.data.Dataset, epochs: int) -> None:
    """Trains a model on other records, unless its run has begun: then it has learnt them before.

    The vocabulary is learnt from the training records, which are what the model is for. How much of the others is
    unknown to it, or was not read whole, is printed. Until the run has ended, `checkpoints/pretraining/` says where
    this stands, as `checkpoints/` does for the run's own epochs.

    Args:
        run: The run; its settings must name the other records and the epochs, so that it is resumed with the same.
        model: What `run.model()` returned.
        train: The training records.
        first: The records to be trained on before.
        epochs: How often.

    Raises:
        Stopped: The process was asked to end; where it stands is saved.
        ValueError: Workers have other flags or files, or another folder, or the loss is no number.
    """
    if run.state.epoch or run.state.step:
        return
    run.begin()
    model.adapt(train)
    resumed = run.resumed_pretraining
    state = resumed.state if resumed else replace(run.state, pretraining=True, history={})
    with signals.noted() as asked, warnings.catch_warnings():
        # Where the other records have no labels, nothing is learnt of these yet.
        warnings.filterwarnings("ignore", message="Gradients do not exist")
        checkpoints = Checkpoints(
            run.pretraining, state, "loss", math.inf, "min", every=run.options.save_every, resumed=resumed, asked=asked
        )
        if state.epoch < epochs:
            model.fit(first, epochs=epochs, initial_epoch=state.epoch, initial_step=state.step, callbacks=[checkpoints])
        found = model.evaluate(first.take(_LOOKED_AT), return_dict=True, verbose=0)
        if workers.any_says(run.strategy, bool(asked))[0]:  # since the last epoch was saved
            raise signals.Stopped(asked.signal, str(state))
    if not workers.is_chief(run.strategy):
        return
    shares = ", ".join(f"{name} {found[name]:.4f}" for name in ("share_unknown", "share_cut") if name in found)
    print(f"trained on {model.examples(first)} other records before: loss {state.history['loss'][-1]:.4f}, {shares}")
