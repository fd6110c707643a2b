"""The flags that every script in `recipes/` has. Knows no TensorFlow, so that a mistyped flag is told at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from absl import flags

from zoo import registry
from zoo.config.fields import parse_assignments
from zoo.config.training import TrainingConfig
from zoo.training import strategies

_FLAGS = flags.FLAGS
# By the class of its task, which script runs a recipe.
_SCRIPTS = {
    "Captioner": "recipes/captioning.py",
    "Classifier": "recipes/sentiment.py",
    "DialogueModel": "recipes/dialog.py",
    "LanguageModel": "recipes/char_lm.py",
    "Tagger": "recipes/ner.py",
}


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
        given: The flags that were given, by name; those of absl itself, such as `verbosity`, are none of them.
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
    given: tuple[str, ...] = ()


flags.disclaim_key_flags()  # what is defined here belongs to who asks for it, so that --help has a script's own flags


class _Number(flags.FloatParser):
    """Reads numbers: what is not a number is outside of any bounds, which absl does not see."""

    def is_outside_bounds(self, value: float) -> bool:
        """Whether it is to be refused."""
        return math.isnan(value) or super().is_outside_bounds(value)


def define_number(
    name: str, default: float | None, text: str, *, low: float = 0.0, high: float | None = None
) -> flags.FlagHolder[float | None]:
    """Defines a flag that is a number within bounds, so that one that is not is told before anything is done.

    Args:
        name: Of the flag.
        default: Its value where it is not given.
        text: What it means.
        low: The least that is allowed.
        high: The most, or None.

    Returns:
        What holds the value once flags are read.
    """
    parser = _Number(lower_bound=low, upper_bound=high)
    return flags.DEFINE(parser, name, default, text, serializer=flags.ArgumentSerializer())


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
    define_number("learning_rate", None, "Peak learning rate.")
    flags.DEFINE_enum("precision", None, ("float32", "bfloat16", "float16"), "In how many bits the model computes.")
    flags.DEFINE_integer("seed", None, "Seed of weights, order and dropout.", lower_bound=0)
    flags.DEFINE_multi_string("set", [], "Any field of the configuration, as field=value; repeatable.")
    flags.DEFINE_enum("strategy", "none", strategies.NAMES, "How the work is distributed; see docs/distributed.md.")
    flags.DEFINE_integer("logical_devices", None, "See the CPU as so many devices, to try mirrored out.", lower_bound=1)
    flags.DEFINE_string("tpu", None, "Name or address of the TPU; default: what the environment names.")
    define_number("save_every", 300.0, "Seconds between two checkpoints within an epoch.")
    flags.DEFINE_string("workdir", None, "Folder for checkpoints, logs and reports; default: runs/<recipe>.")
    flags.DEFINE_bool("resume", False, "Go on from the last step that was saved in the workdir; begin if none was.")
    flags.DEFINE_string("export_dir", None, "Folder of the exported versions; default: inside the workdir.")


def options(runs: str | None = None) -> Options:
    """Reads the flags.

    Args:
        runs: A recipe that the script is for: it runs others of the same task, and no more. None checks nothing.

    Raises:
        ValueError: An unknown recipe, one of another script, an unknown field or value, or flags that do not go
            together; the message says what is allowed.
        TypeError: A value of the wrong type.
        FileNotFoundError: A data file is missing.
    """
    recipe = _FLAGS.recipe
    if runs is not None:
        _check_script(recipe, runs)
    changes = parse_assignments(type(registry.config(recipe)), _FLAGS.set)
    for name in ("epochs", "batch_size", "learning_rate", "precision", "seed"):
        if _FLAGS[name].value is not None:
            changes[name] = _FLAGS[name].value
    for name in ("train", "valid", "test"):
        path = _FLAGS[name].value
        if path is not None and not Path(path).exists():
            raise FileNotFoundError(f"--{name}={path}: no such file")
    if _FLAGS.train is None and (_FLAGS.valid or _FLAGS.test):
        raise ValueError("--valid and --test go with --train: give the training file too")
    workdir = Path(_FLAGS.workdir or Path("runs") / recipe)
    given = _given()
    demo = not given
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
        given=given,
    )


def _check_script(recipe: str, runs: str) -> None:
    """Refuses a recipe of another script."""
    task = registry.config(recipe).task
    if task == registry.config(runs).task:
        return
    script = _SCRIPTS.get(task.rpartition(":")[2])
    others = ", ".join(name for name in registry.names() if registry.config(name).task == registry.config(runs).task)
    raise ValueError(
        f"--recipe={recipe} is run by {script}" if script else f"--recipe={recipe}: this script runs {others}"
    )


def _given() -> tuple[str, ...]:
    """Names the flags that were given: those of every script, but not absl's own."""
    modules = _FLAGS.flags_by_module_dict()
    ours = (flag for module, defined in modules.items() if not module.startswith("absl.") for flag in defined)
    return tuple(sorted({flag.name for flag in ours if flag.present}))
