"""What becomes of data that cannot be used: it is raised, or left out and counted. This module needs no TensorFlow."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

_logger = logging.getLogger(__name__)

OnError = Literal["raise", "skip"]

_TOLD = 3  # names in a message about many


class Problems:
    """Raises what is wrong, or collects it."""

    def __init__(self, on_error: OnError) -> None:
        """Takes note of nothing yet.

        Args:
            on_error: `raise`, or `skip`, which collects.

        Raises:
            ValueError: It is something else.
        """
        if on_error not in ("raise", "skip"):
            raise ValueError(f"on_error={on_error!r}; allowed: 'raise', 'skip'")
        self._skip = on_error == "skip"
        self._found: dict[str, list[str]] = defaultdict(list)

    def found(self, kind: str, place: str, what: str, remedy: str) -> None:
        """Takes note of what cannot be used.

        Args:
            kind: What such things are called, many of them.
            place: The file, and the line.
            what: The thing and what is wrong with it.
            remedy: What can be done.

        Raises:
            ValueError: What cannot be used is not to be skipped.
        """
        if not self._skip:
            raise ValueError(f"{place}: {what}; {remedy}, or leave such out with on_error=skip")
        self._found[kind].append(f"{place}: {what}")

    def tell(self, path: Path) -> Counter[str]:
        """Logs each kind once, and returns how many there were."""
        for kind, found in self._found.items():
            _logger.warning("%s: %d %s left out (%s)", path, len(found), kind, first_of(found))
        return Counter({kind: len(found) for kind, found in self._found.items()})


def first_of(names: Iterable[str]) -> str:
    """Tells the first few of many names."""
    names = list(names)
    return ", ".join(names[:_TOLD]) + (", ..." if len(names) > _TOLD else "")
