"""Whole, tiny evaluations: what they leave, that they resume, that they are the same everywhere."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.cells import CellStore
from adaptive_control.evaluation.plan import SIMULATOR_ORACLE, make_plan
from adaptive_control.evaluation.pools import RayPool
from adaptive_control.evaluation.run import evaluate
from tests.adaptive_control.evaluation.serial import PLANNER, TINY, quiet, serial, tiny


def numbers(folder: Path) -> dict[str, Any]:
    """What all cells found, without how long it took."""
    found = {}
    for path in sorted((folder / "cells").glob("[!.]*.json")):  # no halves of killed writes
        cell = json.loads(path.read_text())
        found[path.name] = {k: v for k, v in cell.items() if "seconds" not in k}
    return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("evaluation") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        serial(patch)
        assert evaluate(tiny(folder), quiet()) == 0
    return folder


def test_a_run_leaves_results_table_and_plots(finished: Path):
    names = {path.name for path in finished.iterdir()}
    assert {
        "cells", "config.json", "results.json", "table.md", "returns.png", "recovery.png",
        "model_error.png",
    } <= names  # fmt: skip
    results = json.loads((finished / "results.json").read_text())
    assert results["progress"]["done"] == results["progress"]["cells"] == 6
    assert results["variants"] == ["mb", "grbal", SIMULATOR_ORACLE]
    assert [c["perturbation"] for c in results["conditions"]] == ["none", "crippled-leg:back@1.8s"]
    for condition in results["conditions"]:
        for variant in ("mb", "grbal"):
            found = condition["results"][variant]
            assert [episode["seed"] for episode in found["episodes"]] == [0, 1]
            assert found["seconds"]["core"] > 0
            assert len(found["speed"]["median"]) == 72
    fault = results["conditions"][1]["results"]
    assert fault["grbal"]["k_step_error"]["after_fault"]["ratio"] != 1.0
    assert fault["mb"]["k_step_error"]["after_fault"]["ratio"] == pytest.approx(1.0)
    assert "missing" not in (finished / "table.md").read_text()


def test_the_score_begins_at_the_fault(finished: Path):
    results = json.loads((finished / "results.json").read_text())
    for episode in results["conditions"][1]["results"]["mb"]["episodes"]:
        assert episode["return"] != episode["return_whole"]
    for episode in results["conditions"][0]["results"]["mb"]["episodes"]:
        assert episode["return"] == episode["return_whole"]


def test_a_finished_run_does_nothing_again(finished: Path, monkeypatch: pytest.MonkeyPatch):
    serial(monkeypatch, cells=0)
    before = {p: p.stat().st_mtime_ns for p in (finished / "cells").iterdir()}
    assert evaluate(tiny(finished), quiet()) == 0
    assert {p: p.stat().st_mtime_ns for p in (finished / "cells").iterdir()} == before


def test_an_estimate_runs_nothing_and_leaves_nothing(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    serial(monkeypatch, cells=0)
    console = Console(file=io.StringIO(), width=120)
    assert evaluate(tiny(tmp_path / "new", estimate=True, workers=3), console) == 0
    said = console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]
    assert "4 of 4     episodes on models" in said
    assert "with 3 cells at a time" in said
    assert not (tmp_path / "new").exists()
    assert evaluate(tiny(finished, estimate=True), console) == 0
    assert "0 of 4     episodes on models" in console.file.getvalue()  # pyright: ignore[reportAttributeAccessIssue]


@pytest.mark.parametrize("cells", [1, 4])
def test_an_interrupted_run_reports_and_resumes_to_the_same_numbers(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int
):
    out = tmp_path / "run"
    serial(monkeypatch, cells)
    with pytest.raises(KeyboardInterrupt):
        evaluate(tiny(out), quiet())
    results = json.loads((out / "results.json").read_text())
    assert results["progress"]["done"] == cells
    assert "missing" in (out / "table.md").read_text()
    rest = serial(monkeypatch, 6 - cells)
    assert evaluate(tiny(out), quiet()) == 0
    assert rest.left == 0
    assert numbers(out) == numbers(finished)


def test_a_report_of_what_is_there_runs_nothing(
    finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    serial(monkeypatch, 0)
    more = tiny(finished, models="mb,grbal,rebal", report=True)
    assert evaluate(more, quiet()) == 0
    assert "6 of 8 cells are done" in (finished / "table.md").read_text()
    with pytest.raises(AdaptiveControlError, match="report: none of the cells"):
        evaluate(tiny(tmp_path / "empty", report=True), quiet())


def command(out: Path, *more: str) -> list[str]:
    return [
        sys.executable, "-m", "adaptive_control", "evaluate", "--suite", TINY.suite, "--models",
        TINY.models, "--quick", "--seeds", "2", "--steps", "72", "--planner", PLANNER,
        "--oracles", "simulator", "--workers", "1", "--out", str(out), *more,
    ]  # fmt: skip


@pytest.mark.slow
def test_a_run_killed_with_sigkill_leaves_no_process_and_resumes_in_processes(
    finished: Path, tmp_path: Path
):
    out = tmp_path / "run"
    process = subprocess.Popen(command(out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while len(list(out.glob("cells/[!.]*.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    children = child_processes(process.pid)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = len(list(out.glob("cells/[!.]*.json")))
    assert 2 <= done < 6
    assert children
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, children))
    subprocess.run(command(out), check=True, capture_output=True)
    assert numbers(out) == numbers(finished)


def child_processes(pid: int) -> list[int]:
    path = Path(f"/proc/{pid}/task/{pid}/children")
    if not path.exists():
        pytest.skip("needs /proc")
    return [int(word) for word in path.read_text().split()]


def alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::FutureWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_local_ray_finds_the_same_numbers(finished: Path, tmp_path: Path):
    pytest.importorskip("ray")
    plan = make_plan(tiny(finished))
    store = CellStore(finished / "cells")
    cells = [c for c in plan.cells.values() if c.kind == "episodes"][:2]
    pool = RayPool("local", workers=1)
    try:
        for cell in cells:
            work = pool.submit(cell.kind, cell.settings, store.inputs(cell), tmp_path / cell.id)
            found = json.loads(work.result(timeout=120)["json"])
            expected = store.read(cell.id)
            assert expected is not None
            for name in ("episodes", "k_step_error", "speed"):
                assert found[name] == expected[name]
    finally:
        pool.close()
