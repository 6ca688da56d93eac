"""docs/faults.md names a test for every fault, and thresholds: both must be the real ones."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from deploy.runtime.loop.settings import LoopSettings

HERE = Path(__file__).parent
PAGE = (HERE.parents[1] / "docs" / "faults.md").read_text()
ROWS = [
    [cell.strip() for cell in line.strip("|").split("|")]
    for line in PAGE.splitlines()
    if line.startswith("| ") and not line.startswith("| fault ")
]
WANTED = """
    late by 1; late by 3 or 20; frozen, stamps fresh; duplicated; reordered; nan, infinity; spike;
    stuck sensor; lost and back; half a message; bad checksum; forged; played again; two publishers;
    a bit flipped; truncated; each file missing; mixed from two; newer or older format;
    path traversal; order permuted; sign flipped; degrees for radians; order of a quaternion;
    wrong `dt`; normaliser missing; wall clock; 2 s pause; planner overrun; planner hangs;
    planner `kill -9`; shield `kill -9`; huge step; constant data; one outlier; window not full;
    reset inside the window; all candidates non-finite; saturated actions; without a terminal;
    ctrl-c; disk full; a busy machine
"""


@cache
def named_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text())
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_every_row_names_tests_that_exist(row: list[str]) -> None:
    assert len(row) == 5
    assert all(row)
    named = re.findall(r"`([\w/]+\.py)::(test_\w+)`", row[4])
    assert named
    assert re.sub(r"`[^`]*`|, ", "", row[4]) == "", "nothing but tests"
    for file, test in named:
        assert test in named_in(HERE / file), f"{file}::{test}"


@pytest.mark.parametrize("fault", [" ".join(f.split()) for f in WANTED.split(";")])
def test_every_fault_that_is_promised_has_a_row(fault: str) -> None:
    assert any(fault in row[0].lower() for row in ROWS)


def test_no_fault_has_two_rows() -> None:
    assert len({row[0] for row in ROWS}) == len(ROWS)


def test_thresholds_are_those_of_the_loop() -> None:
    stated = dict(re.findall(r"`(\w+_ticks)` (\d+)", PAGE))
    assert set(stated) == {
        "hold_ticks", "thaw_ticks", "recover_ticks", "safe_ticks", "valid_ticks",
    }  # fmt: skip
    for name, value in stated.items():
        assert getattr(LoopSettings(), name) == int(value)
