"""A slot between a loop that never waits and a reader that may be slow: the newest value wins."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

__all__ = ["Slot"]

Value = TypeVar("Value")


class Slot(Generic[Value]):
    """Holds the newest value; what nobody took in time is gone."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._value: Value | None = None
        self._number = 0

    @property
    def number(self) -> int:
        """How many values have been published."""
        return self._number

    def publish(self, value: Value) -> None:
        """Replace the value; never waits for a reader."""
        with self._changed:
            self._value = value
            self._number += 1
            self._changed.notify_all()

    def newer_than(self, number: int, timeout_s: float) -> tuple[int, Value | None]:
        """The newest value and its number, once it is above `number`; None after `timeout_s`."""
        with self._changed:
            self._changed.wait_for(lambda: self._number > number, timeout_s)
            return self._number, self._value if self._number > number else None
