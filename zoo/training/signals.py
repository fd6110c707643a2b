"""Signals that ask a process to end: a training step is finished and saved first."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_ASKING = (signal.SIGTERM, signal.SIGINT)


class Stopped(BaseException):
    """Training has ended because the process was asked to; where it stands is saved.

    Attributes:
        signal: The signal's number, 0 where another worker was asked.
    """

    def __init__(self, number: int, where: str) -> None:
        """Says where the run stands.

        Args:
            number: Of the signal.
            where: Where the run stands, in words.
        """
        super().__init__(f"stopped and saved after {where}; the same command with --resume goes on from there")
        self.signal = number


class Asked:
    """Whether the process was asked to end.

    Attributes:
        signal: The signal's number, or 0.
    """

    def __init__(self) -> None:
        """Nobody has asked yet."""
        self.signal = 0

    def __bool__(self) -> bool:
        """Whether it was."""
        return self.signal != 0


@contextmanager
def noted() -> Iterator[Asked]:
    """Notes SIGTERM (a preemption) and SIGINT (Ctrl-C) instead of ending at once; the second one ends at once.

    Only a process' main thread can do that; elsewhere signals do what they did before.

    Yields:
        Whether one came.
    """
    asked = Asked()

    def note(number: int, frame: FrameType | None) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.signal = number

    if threading.current_thread() is not threading.main_thread():
        yield asked
        return
    before = {number: signal.signal(number, note) for number in _ASKING}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
