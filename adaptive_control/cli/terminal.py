"""What commands print: the settings of a run, and progress while a model trains."""

from __future__ import annotations

from dataclasses import fields
from types import TracebackType
from typing import Any, Self

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

__all__ = ["TrainingBars", "print_config", "terminal"]


def terminal() -> Console:
    """Standard output; colours and moving bars only where they can be shown."""
    return Console(highlight=False)


def print_config(console: Console, config: Any) -> None:
    """Print a configuration, one setting a line."""
    names = [field.name for field in fields(config)]
    width = max(map(len, names))
    for name in names:
        text = f"{name.replace('_', '-'):<{width}}  {_as_text(getattr(config, name))}"
        console.print(text, style="dim", markup=False, soft_wrap=True)


class TrainingBars:
    """Shows a training run: one bar a stage with its figures, finished stages as lines above."""

    def __init__(self, console: Console):
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
            transient=True,
        )
        self._task: TaskID | None = None

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

    def progress(self, done: int, figures: str) -> None:
        """`done` units of the stage are finished."""
        if self._task is not None:
            self._progress.update(self._task, completed=done, figures=figures)

    def line(self, text: str) -> None:
        """Something worth keeping on the screen."""
        self._progress.console.print(text, markup=False, soft_wrap=True)


def _as_text(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "-" if value is None else str(value)
