"""How training and tuning go, on a terminal or in a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

__all__ = ["StageBars"]

_LOG_EVERY = 60.0
"""Time between two lines about the same stage where no bar can be shown [s]."""


class StageBars:
    """One bar a stage with its figures; finished stages as lines above.

    A log has no bars: there, a line tells now and then how far the stage is.

    Args:
        console: where to.
        clock: seconds that never go back.
    """

    def __init__(self, console: Console, clock: Callable[[], float] = time.monotonic):
        self._console, self._clock = console, clock
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task: TaskID | None = None
        self._stage, self._total = "", 0
        self._told = clock()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._progress.stop()

    def stage(self, name: str, total: int) -> None:
        """A stage of `total` units begins."""
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._task = self._progress.add_task(name, total=total, figures="")
        self._stage, self._total, self._told = name, total, self._clock()

    def progress(self, done: int, figures: str) -> None:
        """`done` units of the stage are finished."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, figures=figures)
        now = self._clock()
        if not self._console.is_terminal and now - self._told >= _LOG_EVERY:
            self.line(f"{self._stage}: {done} of {self._total}  {figures}".rstrip())

    def line(self, text: str) -> None:
        """Something worth keeping on the screen."""
        self._told = self._clock()
        self._console.print(text, markup=False, soft_wrap=True)
