"""What every task lets one choose about its training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from zoo.config.fields import Config, Range

Count = Annotated[int, Range(1, 100_000_000)]
Precision = Literal["float32", "bfloat16", "float16"]
Optimizer = Literal["adam", "adamw", "lazy_adam", "nadam", "rmsprop", "sgd"]


@dataclass(frozen=True, kw_only=True)
class TrainingConfig(Config):
    """How a task is trained; `zoo.models.task`, `zoo.models.feeding` and `zoo.training` read these fields.

    Class attributes:
        task: Where the task's class is, `module:class`.
        sample: The embedded data set that `--data=sample` means.

    Attributes:
        optimizer: Name of the optimizer; `lazy_adam` is Adam that in each step touches only the embeddings that occur.
        learning_rate: Its peak rate.
        final_learning_rate: Share of the peak rate left at the end; the rate falls linearly in between.
        clip_norm: Gradients are scaled so that their joint norm is at most this. None leaves them alone.
        batch_size: Records a training step.
        epochs: At most this many passes over the training data.
        patience: Training stops after this many epochs without a better validation score.
        shuffle_buffer: Records held in memory for shuffling.
        static_shapes: Whether every batch is filled up to one of a few shapes that are known beforehand, as XLA
            compiles once for each: `batch_size` records, and lengths that are bucket boundaries or limits (or, of
            records that are longer, doublings of the last one). What is filled in weighs nothing. On a TPU it is
            always so.
        steps_per_execution: Training steps that are run before Python is asked again. On a TPU more than one is faster;
            callbacks are then called once for so many.
        precision: In how many bits it computes: `float32`, or, faster on hardware that has them, mixed `bfloat16` or
            `float16` (with a scaled loss); weights and losses have 32 bits in any case.
        seed: Of weights, shuffling and dropout.
    """

    task: ClassVar[str]
    sample: ClassVar[str]

    optimizer: Optimizer = "adam"
    learning_rate: Annotated[float, Range(0.0)] = 0.002
    final_learning_rate: Annotated[float, Range(0.0, 1.0)] = 0.05
    clip_norm: Annotated[float, Range(1e-6)] | None = 5.0
    batch_size: Count = 32
    epochs: Count = 20
    patience: Count = 10
    shuffle_buffer: Count = 50_000
    static_shapes: bool = False
    steps_per_execution: Count = 1
    precision: Precision = "float32"
    seed: Annotated[int, Range(0, 2**31 - 1)] = 1
