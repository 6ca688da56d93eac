"""Does the cells of a plan that are not done yet, each as soon as what it needs is there."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any, Protocol

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.cells import Cell, CellStore

__all__ = ["Pool", "Watcher", "run_cells"]

_ORDER = {"train": 0, "fit": 1, "simulator": 2, "episodes": 3}
"""What others wait for comes first."""


class Pool(Protocol):
    """Where cells run."""

    @property
    def slots(self) -> int:
        """How many run at a time."""
        ...

    def submit(
        self, kind: str, settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path
    ) -> Future[dict[str, bytes]]:
        """Run `work.run_cell` with these arguments."""
        ...

    def close(self) -> None:
        """End what still runs."""
        ...


class Watcher(Protocol):
    """Is told how it goes."""

    def started(self, cell: Cell) -> None:
        """A cell begins."""
        ...

    def finished(self, cell: Cell, seconds: float) -> None:
        """A cell is done; it took that long on the wall [s]."""
        ...

    def failed(self, cell: Cell, error: BaseException) -> None:
        """A cell cannot be done; those that need it are left out."""
        ...


def run_cells(
    cells: Mapping[str, Cell],
    store: CellStore,
    pool: Pool,
    scratch: Path,
    watch: Watcher,
    after_each: Callable[[], None] = lambda: None,
) -> dict[str, str]:
    """Do all cells that are not done.

    Args:
        cells: by id.
        store: where results are kept, and found again.
        pool: where cells run.
        scratch: folder for what cells leave while they run, so that one that is killed goes on.
        watch: is told how it goes.
        after_each: called when a cell is done.

    Returns:
        What went wrong, by cell id.

    Raises:
        AdaptiveControlError: a worker died; what is done stays done.
    """
    waiting = {
        cell.id: cell
        for cell in sorted(cells.values(), key=lambda c: (_ORDER[c.kind], -c.cost))
        if not store.done(cell.id)
    }
    try:
        return _all_of(waiting, store, pool, scratch, watch, after_each)
    except BrokenProcessPool as error:  # told by a result, or by a pool that takes no more cells
        raise AdaptiveControlError(
            "a worker process died, perhaps for lack of memory; give the same command "
            "again to go on, with fewer --workers"
        ) from error


def _all_of(
    waiting: dict[str, Cell],
    store: CellStore,
    pool: Pool,
    scratch: Path,
    watch: Watcher,
    after_each: Callable[[], None],
) -> dict[str, str]:
    running: dict[Future[dict[str, bytes]], Cell] = {}
    errors: dict[str, str] = {}
    while waiting or running:
        for cell in _ready(waiting, store, pool.slots - len(running)):
            del waiting[cell.id]
            folder = scratch / cell.id
            try:
                inputs = store.inputs(cell)
            except AdaptiveControlError as error:
                errors[cell.id] = str(error)
                watch.failed(cell, error)
                continue
            running[pool.submit(cell.kind, cell.settings, inputs, folder)] = cell
            watch.started(cell)
        if not running and not _ready(waiting, store, 1):  # what is left waits for what went wrong
            break
        for future in wait(running, return_when=FIRST_COMPLETED).done:
            cell = running.pop(future)
            try:
                files = future.result()
            except BrokenProcessPool:
                raise
            except Exception as error:
                # Ray hands out the whole traceback as text, with what was raised beside it.
                raised = getattr(error, "cause", None) or error
                errors[cell.id] = f"{type(raised).__name__}: {' '.join(str(raised).split())[:300]}"
                watch.failed(cell, raised)
                continue
            store.write(cell.id, files)
            shutil.rmtree(scratch / cell.id, ignore_errors=True)
            found = store.read(cell.id) or {}
            watch.finished(cell, float(found["seconds"]["wall"]))
            after_each()
    return errors


def _ready(waiting: Mapping[str, Cell], store: CellStore, slots: int) -> list[Cell]:
    """The first cells whose inputs are there, one a free slot."""
    ready = (cell for cell in waiting.values() if all(store.done(need) for need in cell.needs))
    return [cell for cell, _ in zip(ready, range(slots), strict=False)]
