"""How every script begins and ends."""

from __future__ import annotations

import errno
import importlib
import logging as python_logging
import os
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from absl import app, logging
from absl.flags import FLAGS

from zoo.running import flags
from zoo.training import strategies
from zoo.training.signals import Stopped

_LOST = (
    "error: another worker was lost: start all workers again with --resume, which goes on from what was saved last\n"
    "({reason}; --verbosity=1 shows where it happened)"
)
# What TensorFlow raises where a message between workers fails. Its other errors are this worker's own.
_OF_MESSAGES = {
    "AbortedError", "CancelledError", "DeadlineExceededError", "FailedPreconditionError", "InternalError",
    "UnavailableError", "UnknownError",
}  # fmt: skip
_TRY_AGAIN = 128 + signal.SIGUSR1  # what Kubernetes' training operator takes for "start it again"


def start(recipe: str, main: Callable[[flags.Options], None]) -> None:
    """Reads the flags and runs a script; what is wrong with its input is one line on standard error and exit code 1.

    Args:
        recipe: The recipe that runs unless `--recipe` says otherwise.
        main: The script; it gets what was asked for.
    """
    # TensorFlow's start-up notes would bury the few lines that matter; whoever wants them sets the variable.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    flags.define(recipe)
    running: list[flags.Options] = []  # what is run, once that is known

    def run(arguments: list[str]) -> None:
        if len(arguments) > 1:
            app.usage(shorthelp=True, exitcode=1, detailed_error=f"not a flag: {arguments[1]!r}; write --flag=value")
        logging.use_absl_handler()
        if not FLAGS["verbosity"].present:
            _speak_plainly()
        sys.stdout.reconfigure(errors="replace")  # a terminal without the data's letters must not end the run
        try:
            running.append(flags.options(recipe))
            _load_tensorflow()
            main(running[0])
        except KeyboardInterrupt:
            print("\ninterrupted: the same command with --resume goes on from what was saved last", file=sys.stderr)
            sys.exit(128 + signal.SIGINT)
        except Stopped as stopped:
            print(f"\n{stopped}", file=sys.stderr)
            sys.exit(128 + (stopped.signal or signal.SIGTERM))
        except _expected() as error:
            logging.debug("where it happened", exc_info=True)
            full_disk = _full_disk(error, running)
            if not full_disk and _lost_worker(error):
                print(_LOST.format(reason=str(error).strip().partition("\n")[0][:200]), file=sys.stderr)
                sys.exit(_TRY_AGAIN)
            text = full_disk or str(error).strip() or type(error).__name__
            print(f"error: {text}\n(--verbosity=1 shows where it happened)", file=sys.stderr)
            sys.exit(1)

    app.run(run)


class _Notes(python_logging.Formatter):
    """Writes what is less than an error as a note, without the place in the code."""

    def format(self, record: python_logging.LogRecord) -> str:
        """Returns the line."""
        return f"{'error' if record.levelno >= python_logging.ERROR else 'note'}: {super().format(record)}"


def _speak_plainly() -> None:
    """Leaves of what is logged what matters to who runs a script."""
    logging.set_verbosity(logging.WARNING)  # TensorFlow reports each export's inner names as information
    logging.get_absl_handler().setFormatter(_Notes())
    # It is for who wrote a loop around a function. Batches of some widths are traced in every recipe, each once.
    python_logging.getLogger("tensorflow").addFilter(lambda record: "tf.function retracing" not in str(record.msg))


def _load_tensorflow() -> None:
    """Imports TensorFlow without what its C++ part writes before anyone can set how much it is to say.

    That is written past Python, so the process' standard error is turned aside meanwhile. All of it is shown if the
    import fails, and to who sets TF_CPP_MIN_LOG_LEVEL to less.
    """
    if "tensorflow" in sys.modules or os.environ["TF_CPP_MIN_LOG_LEVEL"] != "3":
        return
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as aside:
        os.dup2(aside.fileno(), 2)
        try:
            importlib.import_module("tensorflow")
        except BaseException:
            aside.seek(0)
            os.write(screen, aside.read())
            raise
        finally:
            sys.stderr.flush()
            os.dup2(screen, 2)
            os.close(screen)


def _full_disk(error: BaseException, running: list[flags.Options]) -> str | None:
    """What to do where an error says that a disk is full, by number or, from C libraries, in words; else None."""
    full = getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT)
    if not running or not (full or "No space left on device" in str(error) or "quota exceeded" in str(error)):
        return None
    written = getattr(error, "filename", None)
    place = Path(written).parent if written else running[0].workdir
    return (
        f"{place}: the disk is full; what was saved before is whole: free some space, and the same command with "
        "--resume goes on from it"
    )


def _lost_worker(error: BaseException) -> bool:
    """Whether another process of the training has gone: what was to be summed with its share fails."""
    if FLAGS.strategy != "multi_worker" or "tensorflow" not in sys.modules or len(strategies.addresses()) < 2:
        return False
    return type(error).__name__ in _OF_MESSAGES and isinstance(error, sys.modules["tensorflow"].errors.OpError)


def _expected() -> tuple[type[BaseException], ...]:
    """What wrong input and a failing disk raise. TensorFlow's own errors are known only once it is loaded."""
    ours = (ValueError, TypeError, OSError, RuntimeError)
    return (*ours, sys.modules["tensorflow"].errors.OpError) if "tensorflow" in sys.modules else ours
