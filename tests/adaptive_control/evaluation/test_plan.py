"""What an evaluation is made of: cells, what they need, how long they take."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from adaptive_control.dynamics import make_dynamics
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.cells import Cell, Source
from adaptive_control.evaluation.plan import MODEL_ORACLE, OWN_ROUNDS, make_plan
from adaptive_control.evaluation.progress import remaining
from adaptive_control.methods import DEFAULT_METHOD
from adaptive_control.planning import layout_of
from adaptive_control.pretrained import planner_for
from adaptive_control.suites import SUITES, draw
from adaptive_control.suites.train_side import SlackJoints
from adaptive_control.training import save_model
from controllers import PlannerError, format_planner, load_planner, save_planner
from robots import get_robot
from tests.adaptive_control.evaluation.serial import tiny


def test_suite_models_are_trained_on_the_suite_alone():
    config = tiny(
        Path("nowhere"), suite="slopes/half-cheetah", models="mb", per_suite=True, oracles="none"
    )
    plan = make_plan(config)
    (collected,) = (cell for cell in plan.cells.values() if cell.kind == "train")
    assert collected.settings["perturbations"] == ["none", "slopes"]
    assert collected.settings["model"] == "mb"
    assert not {"whole_share", "paired_share"} & collected.settings.keys()  # they decide nothing
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


def trained(suite: str, oracles: str = "none") -> dict[str, str]:
    """Ids of the cells that collect, by name."""
    config = tiny(
        Path("nowhere"), suite=suite, models="mb", per_suite=True, fresh=True, oracles=oracles
    )
    return {cell.name: cell.id for cell in make_plan(config).cells.values() if cell.kind == "train"}


def test_other_train_sides_make_other_data(monkeypatch: pytest.MonkeyPatch):
    """What perturbations are drawn from stands in the code and in packages, not in settings."""
    before = trained("slopes/half-cheetah", "model")
    changed = tuple(
        dataclasses.replace(suite, train=SlackJoints(3))
        if suite.name == "crippled-joint"
        else suite
        for suite in SUITES
    )
    monkeypatch.setattr(draw, "all_suites", lambda: changed)
    after = trained("slopes/half-cheetah", "model")
    assert before.keys() == after.keys()
    # The dataset of all train sides is another; those of one suite, or of one fault, are not.
    assert {name for name in before if before[name] != after[name]} == {
        "half-cheetah combined dataset"
    }


VALUED = "cem:candidates=16,horizon=3,elites=4,terminal=1"


def test_the_simulator_oracle_expects_what_the_default_method_does():
    config = tiny(
        Path("nowhere"), suite="slopes/half-cheetah", models="mb", fresh=True, planner=VALUED,
        oracles="simulator",
    )  # fmt: skip
    cells = make_plan(config).cells
    (collected,) = (cell for cell in cells.values() if cell.kind == "train")
    assert "terminal=0.0" in collected.settings["planner"]  # there is no value yet
    simulated = [cell for cell in cells.values() if cell.kind == "simulator"]
    assert simulated
    for cell in simulated:
        (fit,) = (cells[name] for name in cell.needs)
        assert (fit.kind, fit.settings["model"]) == ("fit", DEFAULT_METHOD)
    plain = make_plan(dataclasses.replace(config, planner="cem:horizon=3"))
    assert not any(cell.needs for cell in plain.cells.values() if cell.kind == "simulator")


def test_a_checkpoint_without_terminal_value_is_refused_before_anything_runs(tmp_path: Path):
    spec = get_robot("half-cheetah").spec
    save_model(
        tmp_path / "half-cheetah-mb.safetensors", make_dynamics("mb", layout_of(spec), (8,), 0),
        robot="half-cheetah", window=16, hidden=(8,), metadata={},
    )  # fmt: skip
    config = tiny(
        Path("nowhere"), suite="slopes/half-cheetah", models="mb", planner=VALUED,
        checkpoints=tmp_path, oracles="none",
    )  # fmt: skip
    with pytest.raises(PlannerError, match="the model has no terminal value"):
        make_plan(config)


def test_own_rounds_come_from_a_file_beside_those_on_everybodys_data(tmp_path: Path):
    spec = get_robot("half-cheetah").spec
    for name, seed in (("combined", 0), ("combined-own-rounds", 1)):
        dynamics = make_dynamics("combined", layout_of(spec), (8,), seed)
        save_model(
            tmp_path / f"half-cheetah-{name}.safetensors", dynamics,
            robot="half-cheetah", window=16, hidden=(8,), metadata={},
        )  # fmt: skip
    config = tiny(
        Path("nowhere"), suite="slopes/half-cheetah", models="combined", checkpoints=tmp_path,
        oracles="none",
    )  # fmt: skip
    plan = make_plan(config)
    assert not any(cell.kind != "episodes" for cell in plan.cells.values())
    reads = {e.variant: plan.cells[e.cells[0]].inputs["model"].path for e in plan.entries}
    own = tmp_path / "half-cheetah-combined-own-rounds.safetensors"
    assert reads == {"combined": tmp_path / "half-cheetah-combined.safetensors", OWN_ROUNDS: own}
    own.unlink()
    assert {e.variant for e in make_plan(config).entries} == {"combined"}


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


def test_planners_of_a_folder_are_each_robots_own(tmp_path: Path):
    save_planner(tmp_path / "ant.toml", load_planner("cem:candidates=32,horizon=4,elites=4"))
    config = tiny(
        Path("nowhere"), suite="motors", models="mb", planner=str(tmp_path), oracles="none",
        quick=False,
    )  # fmt: skip
    budget = make_plan(config).budget
    assert "candidates=32," in budget.planners["ant"]
    assert budget.planners["half-cheetah"] == format_planner(planner_for("half-cheetah"))
    assert "candidates=130," in budget.collecting  # by none of the robots' own
    only = dataclasses.replace(config, suite="motors/half-cheetah")
    with pytest.raises(AdaptiveControlError, match=r"holds none of half-cheetah\.toml$"):
        make_plan(only)
