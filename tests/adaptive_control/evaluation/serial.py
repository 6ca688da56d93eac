"""Tiny evaluations, one cell after the other in this process."""

from __future__ import annotations

import dataclasses
import io
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from adaptive_control.evaluation import run as running
from adaptive_control.evaluation.config import EvaluateConfig
from adaptive_control.evaluation.work import run_cell

PLANNER = "random-shooting:candidates=16,horizon=3,iterations=1"
TINY = EvaluateConfig(
    suite="crippled-leg/half-cheetah", models="mb,grbal", quick=True, seeds=2, steps=72,
    planner=PLANNER, oracles="simulator", workers=1,
)  # fmt: skip


class SerialPool:
    """Runs a cell when it is submitted; stops like a killed run after some."""

    slots = 1

    def __init__(self, cells: int = 10**9):
        self.left = cells

    def submit(
        self, kind: str, settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path
    ) -> Future[dict[str, bytes]]:
        if self.left == 0:
            raise KeyboardInterrupt
        self.left -= 1
        future: Future[dict[str, bytes]] = Future()
        try:
            future.set_result(run_cell(kind, settings, inputs, folder))
        except Exception as error:
            future.set_exception(error)
        return future

    def close(self) -> None:
        pass

    def __enter__(self) -> SerialPool:
        return self

    def __exit__(self, *_: object) -> None:
        pass


def serial(monkeypatch: pytest.MonkeyPatch, cells: int = 10**9) -> SerialPool:
    pool = SerialPool(cells)
    monkeypatch.setattr(running, "open_pool", lambda workers, ray: pool)
    return pool


def tiny(out: Path, **changes: Any) -> EvaluateConfig:
    return dataclasses.replace(TINY, out=out, **changes)


def quiet() -> Console:
    return Console(file=io.StringIO())
