"""One process at a time in a folder: two would overwrite what the other one counts on."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from adaptive_control.errors import AdaptiveControlError

__all__ = ["alone"]


@contextmanager
def alone(folder: Path, doing: str) -> Iterator[None]:
    """Hold the folder's lock, which the system takes back when a process dies.

    Args:
        folder: made if it is missing; the lock is a file `.lock` in it, which stays.
        doing: what another process would be at, for the message.

    Raises:
        AdaptiveControlError: another process holds it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / ".lock", "w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AdaptiveControlError(f"out: another process is {doing} in {folder}") from None
        yield
