"""Signals that end a command: it cleans up after itself, and no rename is cut in two.

Python runs signal handlers between two instructions of the main thread, so an exception that one of
them raises can come between two renames that belong together.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Ended", "ends_cleanly", "uninterrupted"]

_ENDING = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class Ended(KeyboardInterrupt):
    """Another signal than Ctrl-C's asked the program to end.

    Attributes:
        status: the exit status that a shell gives to a process ended by that signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number


@contextmanager
def ends_cleanly() -> Iterator[None]:
    """SIGTERM and SIGHUP unwind the program as Ctrl-C does, instead of cutting it off.

    Whoever ends the program from outside, `timeout` or a scheduler of jobs, finds what Ctrl-C would
    have left. Raises `Ended` inside the block.
    """

    def unwind(number: int, frame: FrameType | None) -> None:
        del frame
        raise Ended(number)

    others = [number for number in _ENDING if number != signal.SIGINT]
    with _handlers(dict.fromkeys(others, unwind)):
        yield


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Signals wait until the block is over; no-op outside the main thread, which gets them all."""
    waiting: list[int] = []
    try:
        with _handlers(dict.fromkeys(_ENDING, lambda number, frame: waiting.append(number))):
            yield
    finally:
        for number in waiting:
            os.kill(os.getpid(), number)


@contextmanager
def _handlers(handlers: dict) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored, as under nohup, stays so.
    heeded = {n: h for n, h in handlers.items() if signal.getsignal(n) is not signal.SIG_IGN}
    before = {number: signal.signal(number, handler) for number, handler in heeded.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
