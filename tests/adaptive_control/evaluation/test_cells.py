"""Cells find their inputs again, or say what is wrong with them."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation import work
from adaptive_control.evaluation.cells import Cell, CellStore, Source
from adaptive_control.evaluation.scheduler import run_cells
from adaptive_control.training.config import TrainConfig
from tests.adaptive_control.evaluation.serial import SerialPool


class Watch:
    def __init__(self) -> None:
        self.told: list[str] = []

    def started(self, cell: Cell) -> None:
        self.told.append(f"started {cell.name}")

    def finished(self, cell: Cell, seconds: float) -> None:
        self.told.append(f"finished {cell.name}")

    def failed(self, cell: Cell, error: BaseException) -> None:
        self.told.append(f"failed {cell.name}")


def test_a_file_that_changed_since_the_plan_is_not_taken_for_what_was_planned(tmp_path: Path):
    data = tmp_path / "data.npz"
    data.write_bytes(b"before")
    cell = Cell("fit", "a fit", {}, {"000": Source.file(data)})
    store = CellStore(tmp_path / "cells")
    assert store.inputs(cell) == {"000": b"before"}
    data.write_bytes(b"after")
    with pytest.raises(AdaptiveControlError, match="has changed since"):
        store.inputs(cell)
    watch = Watch()
    errors = run_cells({cell.id: cell}, store, SerialPool(), tmp_path / "work", watch)
    assert watch.told == ["failed a fit"]
    assert "has changed since" in errors[cell.id]
    data.unlink()
    with pytest.raises(AdaptiveControlError, match="cannot be read"):
        store.inputs(cell)


def test_half_a_file_that_a_killed_fit_left_is_written_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    left = tmp_path / "data" / "episodes" / "000.npz"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"who")
    seen: list[bytes] = []

    def train(config: TrainConfig) -> Path:
        assert config.data is not None
        seen.append((config.data / "episodes" / "000.npz").read_bytes())
        raise KeyboardInterrupt

    monkeypatch.setattr(work, "train", train)
    with pytest.raises(KeyboardInterrupt):
        work.run_cell("fit", {"robot": "half-cheetah"}, {"000": b"whole"}, tmp_path)
    assert seen == [b"whole"]
