"""How every script begins and ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable

from absl import app, logging
from absl.flags import FLAGS

from zoo.running import flags
from zoo.training.signals import Stopped

_LOST = (
    "error: another worker was lost: start all workers again with --resume, which goes on from what was saved last\n"
    "(--verbosity=1 shows where it happened)"
)
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

    def run(arguments: list[str]) -> None:
        if len(arguments) > 1:
            app.usage(shorthelp=True, exitcode=1, detailed_error=f"not a flag: {arguments[1]!r}; write --flag=value")
        logging.use_absl_handler()
        if not FLAGS["verbosity"].present:  # TensorFlow reports each export's inner names as information
            logging.set_verbosity(logging.WARNING)
        sys.stdout.reconfigure(errors="replace")  # a terminal without the data's letters must not end the run
        try:
            main(flags.options())
        except KeyboardInterrupt:
            print("\ninterrupted: the same command with --resume goes on from what was saved last", file=sys.stderr)
            sys.exit(128 + signal.SIGINT)
        except Stopped as stopped:
            print(f"\n{stopped}", file=sys.stderr)
            sys.exit(128 + (stopped.signal or signal.SIGTERM))
        except _expected() as error:
            if _lost_worker(error):
                logging.debug("where it happened", exc_info=True)
                print(_LOST, file=sys.stderr)
                sys.exit(_TRY_AGAIN)
            logging.debug("where it happened", exc_info=True)
            text = str(error).strip() or type(error).__name__
            print(f"error: {text}\n(--verbosity=1 shows where it happened)", file=sys.stderr)
            sys.exit(1)

    app.run(run)


def _lost_worker(error: BaseException) -> bool:
    """Whether another process of the training has gone: what was to be summed with its share fails."""
    several = FLAGS.strategy == "multi_worker" and "tensorflow" in sys.modules
    return several and isinstance(error, sys.modules["tensorflow"].errors.OpError)


def _expected() -> tuple[type[BaseException], ...]:
    """What wrong input and a failing disk raise. TensorFlow's own errors are known only once it is loaded."""
    ours = (ValueError, TypeError, OSError, RuntimeError)
    return (*ours, sys.modules["tensorflow"].errors.OpError) if "tensorflow" in sys.modules else ours
