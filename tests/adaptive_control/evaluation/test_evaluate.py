"""Whole, tiny evaluations: what they leave, that they resume, that they are the same everywhere."""

from __future__ import annotations

import dataclasses
import io
import json
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation import budget as budgets
from adaptive_control.evaluation import run as running
from adaptive_control.evaluation.cells import Cell, CellStore, Source
from adaptive_control.evaluation.config import EvaluateConfig
from adaptive_control.evaluation.plan import MODEL_ORACLE, OWN_ROUNDS, SIMULATOR_ORACLE, make_plan
from adaptive_control.evaluation.pools import RayPool
from adaptive_control.evaluation.progress import remaining
from adaptive_control.evaluation.run import evaluate
from adaptive_control.evaluation.work import run_cell
from adaptive_control.methods import DEFAULT_METHOD
from adaptive_control.pretrained import pretrained_path

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


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    small = dataclasses.replace(
        budgets._QUICK, robots=4, rounds=1, updates=4, final_updates=6, oracle_rounds=1,
        oracle_updates=6,
    )  # fmt: skip
    monkeypatch.setattr(budgets, "_QUICK", small)


@pytest.mark.slow
@pytest.mark.usefixtures("small_budget")
def test_from_nothing_data_are_collected_once_and_everyone_is_fitted_on_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    serial(monkeypatch)
    config = tiny(
        tmp_path / "run", models=f"mb,mb-de,{DEFAULT_METHOD}", oracles="model", fresh=True
    )
    plan = make_plan(config)
    kinds = [cell.kind for cell in plan.cells.values()]
    # A dataset, and MB's under nothing and under the fault; MB+DE has MB's weights.
    assert (kinds.count("train"), kinds.count("fit")) == (3, 2)
    assert evaluate(config, quiet()) == 0
    results = json.loads((config.out / "results.json").read_text())
    assert results["progress"]["done"] == results["progress"]["cells"]
    assert set(results["variants"]) == {"mb", "mb-de", DEFAULT_METHOD, OWN_ROUNDS, MODEL_ORACLE}
    assert not any((config.out / "work").iterdir())

    # The data of that run, given to another one: nothing is collected, the fits are new.
    data = tmp_path / "data" / "episodes"
    data.mkdir(parents=True)
    name = f"train-half-cheetah_{DEFAULT_METHOD}_dataset-*.npz"
    (dataset,) = (config.out / "cells").glob(name)
    (data / "000.npz").write_bytes(dataset.read_bytes())
    again = make_plan(dataclasses.replace(config, data=data.parent, oracles="none"))
    assert {cell.kind for cell in again.cells.values()} == {"fit", "episodes"}


def test_suite_models_are_trained_on_the_suite_alone():
    config = tiny(
        Path("nowhere"), suite="slopes/half-cheetah", models="mb", per_suite=True, oracles="none"
    )
    plan = make_plan(config)
    (collected,) = (cell for cell in plan.cells.values() if cell.kind == "train")
    assert collected.settings["perturbations"] == ["slopes"]
    fits = [cell for cell in plan.cells.values() if cell.kind == "fit"]
    assert {cell.settings["model"] for cell in fits} == {"mb", "grbal", "rebal"}
    assert all(cell.needs == (collected.id,) for cell in fits)


def test_the_model_oracle_changes_with_what_acts():
    config = tiny(
        Path("nowhere"), suite="crippled-leg/ant", models="mb", quick=False, steps=200,
        oracles="model",
    )  # fmt: skip
    plan = make_plan(config)
    trained = {
        tuple(cell.settings["perturbations"]): cell.id
        for cell in plan.cells.values()
        if cell.kind == "train"
    }
    assert set(trained) == {("none",), ("crippled-leg:3@0s",), ("crippled-leg:0@0s",)}
    (own,) = (e for e in plan.entries if e.variant == MODEL_ORACLE and e.condition.onset == "own")
    cell = plan.cells[own.cells[0]]
    assert [start for start, _ in cell.settings["models"]] == [0, 100]
    assert cell.needs == (trained["crippled-leg:0@0s",], trained["crippled-leg:3@0s",])


def test_a_cell_is_known_by_what_it_does_and_reads(tmp_path: Path):
    weights = tmp_path / "a.safetensors"
    weights.write_bytes(b"one")
    cell = Cell("fit", "a fit", {"seed": 0}, {"x": Source.file(weights)})
    moved = tmp_path / "b.safetensors"
    moved.write_bytes(b"one")
    assert Cell("fit", "a fit", {"seed": 0}, {"x": Source.file(moved)}).id == cell.id
    assert Cell("fit", "a fit", {"seed": 1}, {"x": Source.file(weights)}).id != cell.id
    moved.write_bytes(b"two")
    assert Cell("fit", "a fit", {"seed": 0}, {"x": Source.file(moved)}).id != cell.id


def test_a_cell_that_fails_is_told_and_stops_only_those_that_need_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    pool = serial(monkeypatch)
    config = tiny(tmp_path / "run", models="mb,cadm", oracles="none", data=tmp_path / "data")
    episodes = tmp_path / "data" / "episodes" / "000.npz"
    episodes.parent.mkdir(parents=True)
    episodes.write_bytes(b"broken")  # what cadm is fitted on, as no model of it is given
    shipped = tmp_path / "checkpoints"
    shipped.mkdir()
    name = "half-cheetah-mb.safetensors"
    (shipped / name).write_bytes(pretrained_path("half-cheetah", "mb").read_bytes())
    config = dataclasses.replace(config, checkpoints=shipped)
    assert evaluate(config, quiet()) == 1
    page = (config.out / "table.md").read_text()
    assert "1 cells failed" in page
    assert "000.npz: cannot be read" in page
    assert len(list((config.out / "cells").glob("[!.]*.json"))) == 2
    assert pool.left == 10**9 - 3  # MB's two, and the fit; nothing that needs the fit


def test_a_checkpoint_that_is_damaged_is_refused_before_anything_runs(tmp_path: Path):
    (tmp_path / "half-cheetah-mb.safetensors").write_bytes(b"broken")
    config = tiny(tmp_path / "run", models="mb", checkpoints=tmp_path)
    with pytest.raises(AdaptiveControlError, match=r"half-cheetah-mb\.safetensors: truncated"):
        evaluate(config, quiet())
    assert not config.out.exists()


def test_the_estimate_is_no_less_than_the_longest_chain():
    first = Cell("train", "a", {}, cost=10)
    second = Cell("fit", "b", {}, {"x": Source(cell=first.id, suffix="npz")}, cost=5)
    third = Cell("fit", "c", {}, cost=1)
    cells = {cell.id: cell for cell in (first, second, third)}
    assert remaining(cells, slots=8) == 15
    assert remaining(cells, slots=1) == 16
    assert remaining(cells, slots=1, pace=2.0) == 32


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"suite": "stairs"}, "suite: 'stairs' is unknown"),
        ({"steps": 25, "suite": "pier", "quick": False}, "steps: 25 of 0.05 s are too few"),
        ({"data": Path("nowhere"), "fresh": True}, "data: nowhere holds no episodes"),
        ({"checkpoints": Path("nowhere")}, "checkpoints: nowhere is no folder"),
        ({"planner": "chess"}, "chess"),
        ({"ray": "1.2.3.4:5:6"}, "ray: no cluster at"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(tmp_path: Path, changes: dict, message: str):
    if "ray" in changes:
        pytest.importorskip("ray")
    with pytest.raises(ValueError, match=message) as error:
        evaluate(tiny(tmp_path / "run", **changes), quiet())
    assert "\n" not in str(error.value)
    assert not list(tmp_path.glob("run/cells/*"))
