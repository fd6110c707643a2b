"""Talking with a model in the terminal."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from zoo.showing.printable import printable

if TYPE_CHECKING:
    from zoo.decoding.dialogue_reply import Reply
    from zoo.models.task import Task
    from zoo.running.flags import Options

FORGET = "/reset"
# The flags that say what to talk with, or that are compared with how that was made.
_HEEDED = {
    "chat", "temperature", "recipe", "workdir", "set", "epochs", "batch_size", "learning_rate", "precision", "seed",
}  # fmt: skip
_WELCOME = f"Talk: a line is a turn. {FORGET} begins a new dialogue; Ctrl-D or Ctrl-C ends."


class Replying(Protocol):
    """What can be talked with, a `zoo.models.dialogue.dialogue_model.DialogueModel` for example."""

    def reply(self, history: list[str], *, temperature: float | None = None, seed: int = 0) -> Reply:
        """Says what comes next."""


def trained(options: Options) -> Task | None:
    """Returns the best model of a working folder, to be talked with; None where there is none, or more training asked.

    Args:
        options: What was asked for.

    Raises:
        ValueError: The model cannot reply or be read, or something is asked for that only training heeds.
    """
    import zoo
    from zoo import registry
    from zoo.training.saved_runs import BEST

    path = options.workdir / "checkpoints" / BEST
    if options.resume or not path.exists():
        return None
    if unheeded := [f"--{name}" for name in options.given if name not in _HEEDED]:
        raise ValueError(
            f"--chat talks with {path} as it is: leave {', '.join(unheeded)} out, or choose another --workdir to train"
        )
    try:
        model = zoo.load(path)
    except ValueError as error:
        raise ValueError(f"{path}: the model is damaged: remove {path.parent} and train again") from error
    if not hasattr(model, "reply"):
        raise ValueError(f"{path} is a {type(model).__name__}, which cannot reply; name the --workdir of another run")
    asked, saved = options.config.to_dict(), model.config.to_dict()
    default = registry.config(options.recipe).to_dict()
    if other := [name for name in asked if asked[name] not in (default[name], saved[name])]:
        differences = ", ".join(f"{name}={asked[name]} (it has {saved[name]})" for name in other)
        raise ValueError(f"--chat talks with {path} as it is, but {differences}: leave that out")
    return model


def chat(
    model: Replying,
    *,
    temperature: float | None = None,
    seed: int = 0,
    ask: Callable[[str], str] = input,
    say: Callable[[str], None] = print,
) -> None:
    """Talks until there is no more to read: the person first, then the model, and so on.

    An empty line is no turn, and is asked for again. The model hears the whole dialogue at every turn; where it cannot
    read all of that any more, it is said how much is left out, once for every such amount.

    Args:
        model: Replies.
        temperature: Replies are drawn at this temperature; None searches for the best ones.
        seed: Of the draws; every reply has its own.
        ask: Returns a line of the person's for a prompt; raises `EOFError` or `KeyboardInterrupt` to end.
        say: Writes a line.
    """
    say(_WELCOME)
    turns: list[str] = []
    told = (0, 0)
    while True:
        try:
            said = ask("you: ").strip()
            if said == FORGET:
                turns, told = [], (0, 0)
                say("(forgotten)")
            if not said or said == FORGET:
                continue
            reply = model.reply([*turns, said], temperature=temperature, seed=seed + len(turns))
        except (EOFError, KeyboardInterrupt):
            say("")
            return
        turns += [said, reply.text]
        say(f"model: {printable(reply.text)}")
        cut = (reply.turns_cut, reply.words_cut)
        if cut not in (told, (0, 0)):
            say(f"({_left_out(*cut)})")
        told = cut


def _left_out(turns: int, words: int) -> str:
    parts = [f"the first {turns} turns" if turns > 1 else "the first turn"] if turns else []
    parts += [f"{words} word{'s' * (words > 1)} at the ends of long turns"] if words else []
    return f"not read any more: {', '.join(parts)}; {FORGET} begins anew"
