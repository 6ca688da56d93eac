"""What an evaluation is made of: cells, what they need, how long they take."""

from __future__ import annotations

from pathlib import Path

from adaptive_control.evaluation.cells import Cell, Source
from adaptive_control.evaluation.plan import MODEL_ORACLE, make_plan
from adaptive_control.evaluation.progress import remaining
from tests.adaptive_control.evaluation.serial import tiny


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


def test_the_estimate_is_no_less_than_the_longest_chain():
    first = Cell("train", "a", {}, cost=10)
    second = Cell("fit", "b", {}, {"x": Source(cell=first.id, suffix="npz")}, cost=5)
    third = Cell("fit", "c", {}, cost=1)
    cells = {cell.id: cell for cell in (first, second, third)}
    assert remaining(cells, slots=8) == 15
    assert remaining(cells, slots=1) == 16
    assert remaining(cells, slots=1, pace=2.0) == 32
