"""The person at the terminal, who types "arm" or "stop" and Enter."""

from __future__ import annotations

import errno
import os
import select
import signal
import sys
from typing import TextIO

__all__ = ["Terminal"]


class Terminal:
    """Looks whether a line was typed; never waits.

    Args:
        stream: where the person types; without a terminal nobody is there.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        stream = sys.stdin if stream is None else stream
        self._descriptor = -1
        try:
            if stream is not None and stream.isatty():
                self._descriptor = stream.fileno()
        except (OSError, ValueError):  # closed
            self._descriptor = -1
        self._typed = b""

    @property
    def present(self) -> bool:
        """Whether anybody can type: in the background what is typed is for somebody else."""
        return self._descriptor >= 0 and _in_front(self._descriptor)

    def word(self) -> str:
        """The last whole line typed since last asked, in lower case; "" if none was."""
        if not self.present or not select.select([self._descriptor], [], [], 0)[0]:
            return ""
        try:
            piece = _read(self._descriptor)
        except OSError as error:
            if error.errno == errno.EIO and not self.present:
                return ""  # sent to the background just now
            piece = b""
        if not piece:  # the terminal is gone
            self._descriptor = -1
            return ""
        *lines, self._typed = (self._typed + piece).split(b"\n")
        return lines[-1].strip().lower().decode(errors="replace") if lines else ""


def _in_front(descriptor: int) -> bool:
    """Whether the terminal listens for this process, not for another that it was started beside."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:
        return True  # not the terminal that this process was started from: it has no background


def _read(descriptor: int) -> bytes:
    """What was typed. In the background this fails; without the mask it would stop the process."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTIN})
    try:
        return os.read(descriptor, 1024)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
