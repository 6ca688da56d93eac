"""The person at the terminal, who types "arm" or "stop" and Enter."""

from __future__ import annotations

import os
import select
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
        """Whether anybody can type."""
        return self._descriptor >= 0

    def word(self) -> str:
        """The last whole line typed since last asked, in lower case; "" if none was."""
        if not self.present or not select.select([self._descriptor], [], [], 0)[0]:
            return ""
        try:
            piece = os.read(self._descriptor, 1024)
        except OSError:
            piece = b""
        if not piece:  # the terminal is gone
            self._descriptor = -1
            return ""
        *lines, self._typed = (self._typed + piece).split(b"\n")
        return lines[-1].strip().lower().decode(errors="replace") if lines else ""
