"""The optimizer that a configuration asks for."""

from __future__ import annotations

import keras

from zoo.config.training import TrainingConfig
from zoo.training.lazy_adam import LazyAdam


def make(config: TrainingConfig) -> keras.optimizers.Optimizer:
    """Makes the configuration's optimizer, with gradient clipping by the joint norm.

    Args:
        config: Has `optimizer`, `learning_rate` and `clip_norm`.
    """
    settings = {"learning_rate": config.learning_rate, "global_clipnorm": config.clip_norm}
    if config.optimizer == "sgd":
        settings["momentum"] = 0.9
    if config.optimizer == "lazy_adam":
        optimizer = LazyAdam(**settings)
    else:
        optimizer = keras.optimizers.get({"class_name": config.optimizer, "config": settings})
    optimizer.follows_plan = True
    return optimizer


def follows_plan(optimizer: keras.optimizers.Optimizer) -> bool:
    """Whether its learning rate follows the configuration; that of an optimizer given to `compile` is left alone."""
    return getattr(without_loss_scaling(optimizer), "follows_plan", False)


def without_loss_scaling(optimizer: keras.optimizers.Optimizer) -> keras.optimizers.Optimizer:
    """Returns the optimizer that Keras wraps, where it computes in float16, to scale the loss; or the optimizer."""
    wrapped = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    return optimizer.inner_optimizer if wrapped else optimizer
