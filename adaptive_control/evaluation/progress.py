"""What an evaluation tells: the plan and what it will take, then how it goes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from adaptive_control.evaluation.cells import Cell
from adaptive_control.evaluation.plan import Plan

__all__ = ["Bars", "describe", "remaining", "words_for"]

_KINDS = {
    "train": "collect and fit",
    "fit": "fit on a dataset",
    "simulator": "episodes on the true simulator",
    "episodes": "episodes on models, all seeds together",
}


def words_for(seconds: float) -> str:
    """A time as people say it."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def remaining(left: Mapping[str, Cell], slots: int, pace: float = 1.0) -> float:
    """Estimated time for these cells on `slots` cores [s].

    Not less than the longest chain of cells that wait for each other.

    Args:
        left: cells to be done.
        slots: how many at a time.
        pace: seconds that the cells so far took for each second that was estimated.
    """
    chains: dict[str, float] = {}

    def chain(name: str) -> float:
        if name not in chains:
            before = max((chain(n) for n in left[name].needs if n in left), default=0.0)
            chains[name] = before + left[name].cost
        return chains[name]

    longest = max(map(chain, left), default=0.0)
    return pace * max(longest, sum(cell.cost for cell in left.values()) / slots)


def describe(plan: Plan, left: Mapping[str, Cell], slots: int) -> Iterator[str]:
    """The plan, one line a kind of cell, and an estimate of the time."""
    for kind, words in _KINDS.items():
        cells = [cell for cell in plan.cells.values() if cell.kind == kind]
        to_do = [cell for cell in left.values() if cell.kind == kind]
        if cells:
            cost = words_for(sum(cell.cost for cell in to_do))
            yield f"{len(to_do):5} of {len(cells):<5} {words:<40} {cost} of one core"
    at_a_time = "one cell" if slots == 1 else f"{slots} cells"
    yield f"estimated: {words_for(remaining(left, slots))} with {at_a_time} at a time"


class Bars:
    """One bar for the whole, with what remains; a line for each cell that is done.

    Args:
        console: where to.
        left: the cells to be done.
        total: how many cells there are, with those that were done before.
        slots: how many run at a time.
    """

    def __init__(self, console: Console, left: Mapping[str, Cell], total: int, slots: int):
        self._left, self._total, self._slots = dict(left), total, slots
        self._running: dict[str, Cell] = {}
        self._estimated = self._took = 0.0
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TimeElapsedColumn(),
            TextColumn("{task.fields[figures]}"),
            console=console,
            transient=True,
        )
        self._task = self._progress.add_task("cells", total=max(self._cost(), 1e-9), figures="")

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

    def started(self, cell: Cell) -> None:
        """A cell begins."""
        self._running[cell.id] = cell
        self._show()

    def finished(self, cell: Cell, seconds: float) -> None:
        """A cell is done."""
        self._estimated, self._took = self._estimated + cell.cost, self._took + seconds
        self._end(cell, f"{words_for(seconds):>8}  {cell.kind} {cell.name}")

    def failed(self, cell: Cell, error: BaseException) -> None:
        """A cell cannot be done."""
        reason = " ".join(str(error).split())[:200]
        self._end(cell, f"  failed  {cell.kind} {cell.name}: {type(error).__name__}: {reason}")

    def _end(self, cell: Cell, line: str) -> None:
        self._left.pop(cell.id, None)
        self._running.pop(cell.id, None)
        self._progress.console.print(line, markup=False, soft_wrap=True)
        self._progress.advance(self._task, cell.cost)
        self._show()

    def _show(self) -> None:
        pace = self._took / self._estimated if self._estimated else 1.0
        rest = words_for(remaining(self._left, self._slots, pace))
        done = self._total - len(self._left)
        doing = ", ".join(cell.name for cell in self._running.values())[:80]
        self._progress.update(
            self._task,
            description=f"{done} of {self._total} cells",
            figures=f"{rest} remain; {doing}",
        )

    def _cost(self) -> float:
        return sum(cell.cost for cell in self._left.values())
