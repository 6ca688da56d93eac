"""One process at a time in a folder: two would overwrite what the other one counts on."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

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
        if _held_by_another(file):
            raise AdaptiveControlError(f"out: another process is {doing} in {folder}")
        yield


def _held_by_another(file: IO[str]) -> bool:
    """Take the lock if it is free; False also where there is none (Windows, network drives)."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False
