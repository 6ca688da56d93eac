"""What a training run tells while it runs: a CSV log, and progress bars for people."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from adaptive_control.files import write_text

__all__ = ["LOG_COLUMNS", "Reporter", "SilentReporter", "write_log"]

LOG_COLUMNS: tuple[str, ...] = (
    "round", "stage", "update", "train_error", "error_before", "error_after", "ratio",
    "updates_per_second", "return", "steps_per_second", "transitions", "seconds",
)  # fmt: skip
"""Columns of `log.csv`. Errors are squared, in units of the targets' variance; `return` is the mean
over robots that run without exploration noise."""


class Reporter(Protocol):
    """Shows a run to whoever watches."""

    def stage(self, name: str, total: int) -> None:
        """A stage of `total` units begins."""
        ...

    def progress(self, done: int, figures: str) -> None:
        """`done` units of the stage are finished."""
        ...

    def line(self, text: str) -> None:
        """Something worth keeping on the screen."""
        ...


class SilentReporter:
    """Says nothing."""

    def stage(self, name: str, total: int) -> None:
        pass

    def progress(self, done: int, figures: str) -> None:
        pass

    def line(self, text: str) -> None:
        pass


def write_log(path: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write all rows as CSV, atomically; spreadsheets, pandas and TensorBoard's readers open it."""
    text = io.StringIO()
    writer = csv.DictWriter(text, LOG_COLUMNS, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows({k: _short(v) for k, v in row.items()} for row in rows)
    write_text(path, text.getvalue())


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value
