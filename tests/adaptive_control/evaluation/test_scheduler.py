"""Cells in processes that may die."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import Any

import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.cells import Cell, CellStore
from adaptive_control.evaluation.scheduler import run_cells

CELLS = {c.id: c for c in (Cell("episodes", f"cell {n}", {"n": n}, {}, 1.0) for n in range(3))}


class Watch:
    def started(self, cell: Cell) -> None:
        pass

    def finished(self, cell: Cell, seconds: float) -> None:
        pass

    def failed(self, cell: Cell, error: BaseException) -> None:
        pass


class DyingPool:
    """Does a cell, then its worker dies: while a cell runs, or before the next is submitted."""

    slots = 1

    def __init__(self, when: str):
        self._when, self._done = when, 0

    def submit(
        self, kind: str, settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path
    ) -> Future[dict[str, bytes]]:
        future: Future[dict[str, bytes]] = Future()
        if self._done and self._when == "before":
            raise BrokenProcessPool("a child process terminated abruptly")
        if self._done:
            future.set_exception(BrokenProcessPool("a child process terminated abruptly"))
        else:
            future.set_result({"json": b'{"seconds": {"wall": 1.0, "core": 1.0}}'})
        self._done += 1
        return future

    def close(self) -> None:
        pass


@pytest.mark.parametrize("when", ["while", "before"])
def test_a_worker_that_dies_ends_in_one_line_and_what_is_done_stays(tmp_path: Path, when: str):
    store = CellStore(tmp_path / "cells")
    with pytest.raises(AdaptiveControlError, match="a worker process died"):
        run_cells(CELLS, store, DyingPool(when), tmp_path / "work", Watch())
    assert [store.done(cell) for cell in CELLS].count(True) == 1
