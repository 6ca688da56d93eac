"""Progress of a training run on the terminal."""

from __future__ import annotations

from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

__all__ = ["RichReporter"]


class RichReporter:
    """A bar for the stage that runs, and a line that stays for each one that is done."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[figures]}"),
            console=Console(),
            transient=True,
        )
        self._task = None

    def __enter__(self) -> RichReporter:
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
        self._progress.console.print(text, highlight=False)
