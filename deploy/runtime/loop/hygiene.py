"""What a process asks of the operating system so that it wakes when it should.

Each wish may be refused, by a missing right or a system that does not know it; the loop runs
without, and the refusal is reported.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Granted", "as_found", "available_cores", "beside", "prepare"]

_PR_SET_TIMERSLACK = 29
_MCL_CURRENT, _MCL_FUTURE = 1, 2
SWITCH_S = 0.0005
"""How long another thread of this process may keep the interpreter from the loop [s]."""


@dataclass(frozen=True)
class Granted:
    """One wish, and what became of it.

    Attributes:
        name: of the wish.
        granted: whether it was.
        detail: what was set, or why it was refused.
    """

    name: str
    granted: bool
    detail: str

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def available_cores() -> tuple[int, ...]:
    """Cores that this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))


def prepare(
    priority: int, cores: tuple[int, ...] = (), *, lock_memory: bool = True
) -> list[Granted]:
    """Ask for all that this process should have.

    Args:
        priority: in the scheduling class SCHED_FIFO, 1 to 99; 0: do not ask.
        cores: to run on; empty: any.
        lock_memory: keep all pages in memory.
    """
    report = []
    if priority:
        report.append(_ask("scheduling", lambda: _schedule(priority)))
    if lock_memory:
        report.append(_ask("memory lock", _lock_memory))
    if cores:
        report.append(_ask("cores", lambda: _pin(cores)))
    report.append(_ask("timer slack", _timer_slack))
    report.append(_ask("garbage collection", _no_garbage_collection))
    sys.setswitchinterval(SWITCH_S)
    return report


@contextmanager
def as_found() -> Iterator[None]:
    """Give back at the end all that `prepare` asks for, to whoever calls a run as a function.

    What called it goes on as a program among others: it collects its garbage, and neither it nor
    what it starts keeps everything else on the machine waiting.
    """
    scheduling, cores = _scheduling(), available_cores()
    collected, switch = gc.isenabled(), sys.getswitchinterval()
    try:
        yield
    finally:
        sys.setswitchinterval(switch)
        gc.unfreeze()
        if collected:
            gc.enable()
        for give_back in (
            lambda: _call("prctl", _PR_SET_TIMERSLACK, 0, 0, 0, 0),
            lambda: _call("munlockall"),
            lambda: os.sched_setaffinity(0, cores),
            lambda: scheduling and os.sched_setscheduler(0, *scheduling),
        ):
            with suppress(OSError, AttributeError):  # what was refused was not changed, either
                give_back()


def beside(priority: int) -> None:
    """Let the thread that calls this, beside the loop's, run in the scheduling class SCHED_FIFO.

    Whoever writes a log holds the interpreter's lock now and then. A thread that is waiting for a
    core while it holds it keeps the loop waiting as well, on a busy machine for hundreds of ms,
    whatever the loop's own priority.

    Args:
        priority: above all that may keep the cores busy; 0: leave it as it is.
    """
    if priority:
        with suppress(OSError, AttributeError):  # where it is refused, the loop's was as well
            _schedule(priority)


def _ask(name: str, wish: Callable[[], str]) -> Granted:
    try:
        return Granted(name, True, wish())
    except (OSError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return Granted(name, False, f"refused: {why}")


def _scheduling() -> tuple[int, os.sched_param] | None:
    """The scheduling class and priority of this thread, where the system tells."""
    try:
        return os.sched_getscheduler(0), os.sched_getparam(0)
    except (OSError, AttributeError):
        return None


def _schedule(priority: int) -> str:
    # For this thread alone: a process that it starts, and that never rests, would else stop all.
    os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(priority))
    return f"SCHED_FIFO, priority {priority}"


def _lock_memory() -> str:
    import resource

    _, most = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    unlimited = most == resource.RLIM_INFINITY
    # Under a limit, locking what is yet to come would make a later allocation fail.
    flags = _MCL_CURRENT | (_MCL_FUTURE if unlimited else 0)
    _call("mlockall", flags)
    return "all pages, also those to come" if unlimited else "all present pages"


def _pin(cores: tuple[int, ...]) -> str:
    os.sched_setaffinity(0, cores)
    return "cores " + ", ".join(map(str, cores))


def _timer_slack() -> str:
    _call("prctl", _PR_SET_TIMERSLACK, 1, 0, 0, 0)
    return "1 ns"


def _no_garbage_collection() -> str:
    gc.collect()
    gc.freeze()
    gc.disable()
    return "off"


def _call(name: str, *arguments: int) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*(ctypes.c_long(value) for value in arguments)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
