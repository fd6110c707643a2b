"""The flags that every script in `recipes/` has. Knows no TensorFlow, so that a mistyped flag is told at once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from absl import flags

from zoo import registry
from zoo.config.fields import parse_assignments
from zoo.config.training import TrainingConfig
from zoo.training import strategies

_FLAGS = flags.FLAGS
_OURS = (
    "recipe", "data", "train", "valid", "test", "epochs", "batch_size", "learning_rate", "seed", "set", "strategy",
    "logical_devices", "tpu", "save_every", "workdir", "resume", "export_dir",
)  # fmt: skip


@dataclass(frozen=True)
class Options:
    """What a run was asked for.

    Attributes:
        recipe: Name in the registry.
        config: The recipe's configuration with the changes asked for.
        data: `sample`, or the name of a TensorFlow Datasets data set; unused where `train` is given.
        train: Training file, or None.
        valid: Validation file, or None.
        test: Test file, or None.
        strategy: Name of the distribution strategy.
        workdir: Where checkpoints, logs and reports go.
        resume: Whether to go on where the last run in `workdir` stopped.
        export_dir: The folder of the exported model's versions.
        demo: Whether no flag was given: an earlier demo in the default working folder is then replaced.
        logical_devices: As how many devices the CPU is to be seen, or None.
        tpu: The TPU's name or address, or None.
        save_every: Seconds between two checkpoints within an epoch.
    """

    recipe: str
    config: TrainingConfig
    data: str
    train: str | None
    valid: str | None
    test: str | None
    strategy: str
    workdir: Path
    resume: bool
    export_dir: Path
    demo: bool
    logical_devices: int | None = None
    tpu: str | None = None
    save_every: float = 300.0


def define(recipe: str) -> None:
    """Defines the flags of a script.

    Args:
        recipe: The recipe that runs unless `--recipe` says otherwise.
    """
    flags.DEFINE_string("recipe", recipe, "Recipe to run; zoo.names() lists them.")
    flags.DEFINE_string("data", "sample", "Data set: 'sample' (embedded) or a name of TensorFlow Datasets.")
    flags.DEFINE_string("train", None, "Training file, instead of --data.")
    flags.DEFINE_string("valid", None, "Validation file; without it a tenth of the training data is held out.")
    flags.DEFINE_string("test", None, "Test file; without it the validation data is reported.")
    flags.DEFINE_integer("epochs", None, "Epochs at most.", lower_bound=1)
    flags.DEFINE_integer("batch_size", None, "Records a step.", lower_bound=1)
    flags.DEFINE_float("learning_rate", None, "Peak learning rate.", lower_bound=0.0)
    flags.DEFINE_integer("seed", None, "Seed of weights, order and dropout.", lower_bound=0)
    flags.DEFINE_multi_string("set", [], "Any field of the configuration, as field=value; repeatable.")
    flags.DEFINE_enum("strategy", "none", strategies.NAMES, "How the work is distributed; see docs/distributed.md.")
    flags.DEFINE_integer("logical_devices", None, "See the CPU as so many devices, to try mirrored out.", lower_bound=1)
    flags.DEFINE_string("tpu", None, "Name or address of the TPU; default: what the environment names.")
    flags.DEFINE_float("save_every", 300.0, "Seconds between two checkpoints within an epoch.", lower_bound=0.0)
    flags.DEFINE_string("workdir", None, "Folder for checkpoints, logs and reports; default: runs/<recipe>.")
    flags.DEFINE_bool("resume", False, "Go on from the last step that was saved in the workdir; begin if none was.")
    flags.DEFINE_string("export_dir", None, "Folder of the exported versions; default: inside the workdir.")


def options() -> Options:
    """Reads the flags.

    Raises:
        ValueError: An unknown recipe, field or value, or a file that is not there; the message says what is allowed.
        TypeError: A value of the wrong type.
        FileNotFoundError: A data file is missing.
    """
    recipe = _FLAGS.recipe
    changes = parse_assignments(type(registry.config(recipe)), _FLAGS.set)
    for name in ("epochs", "batch_size", "learning_rate", "seed"):
        if _FLAGS[name].value is not None:
            changes[name] = _FLAGS[name].value
    for name in ("train", "valid", "test"):
        path = _FLAGS[name].value
        if path is not None and not Path(path).exists():
            raise FileNotFoundError(f"--{name}={path}: no such file")
    if _FLAGS.train is None and (_FLAGS.valid or _FLAGS.test):
        raise ValueError("--valid and --test go with --train: give the training file too")
    workdir = Path(_FLAGS.workdir or Path("runs") / recipe)
    demo = not any(_FLAGS[name].present for name in _OURS)
    export_dir = _FLAGS.export_dir or (Path("saved_models") / recipe if demo else workdir / "export")
    return Options(
        recipe=recipe,
        config=registry.config(recipe, **changes),
        data=_FLAGS.data,
        train=_FLAGS.train,
        valid=_FLAGS.valid,
        test=_FLAGS.test,
        strategy=_FLAGS.strategy,
        workdir=workdir,
        resume=_FLAGS.resume,
        export_dir=Path(export_dir),
        demo=demo,
        logical_devices=_FLAGS.logical_devices,
        tpu=_FLAGS.tpu,
        save_every=_FLAGS.save_every,
    )
