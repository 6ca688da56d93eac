"""The claim of the project, on the models that ship: the adaptive twin copes with the fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adaptive_control.cli.main import main
from adaptive_control.pretrained import pretrained_names, pretrained_path
from adaptive_control.training import LoadedModel, load_model
from robots import get_robot

KEPT = sorted((Path(__file__).parents[1] / "benchmarks" / "data" / "models").glob("*.safetensors"))
"""Fits that the table rests on and that do not ship."""


def assert_names_nobodys_folders(loaded: LoadedModel) -> None:
    """What a model says of its making holds no path of the machine that made it."""
    said = json.dumps(loaded.metadata)
    assert "/root" not in said
    assert "/home" not in said


@pytest.mark.parametrize("name", pretrained_names())
def test_a_shipped_model_says_how_it_was_made(name: str) -> None:
    robot, _, kind = name.rpartition("-")
    loaded = load_model(pretrained_path(robot, kind), robot)
    assert loaded.kind == kind
    assert (
        loaded.dynamics.features.layout.observation_size == get_robot(robot).spec.observation_size
    )
    settings = loaded.metadata["settings"]
    assert (settings["robot"], settings["model"]) == (robot, kind)
    assert loaded.metadata["seconds"]["fit"] > 0
    assert_names_nobodys_folders(loaded)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_a_kept_model_names_nobodys_folders(path: Path) -> None:
    assert_names_nobodys_folders(load_model(path))


def twins(out: Path, model: str, seeds: int, *more: str) -> tuple[dict, dict]:
    """Figures of the adaptive twin and of MB, on seeds that no figure in the documents is from."""
    arguments = ["demo", "--model", model, "--seed", "100", "--seeds", str(seeds), "--no-video"]
    assert main([*arguments, *more, "--out", str(out)]) == 0
    found = json.loads((out / "metrics.json").read_text())["twins"]
    return found[model], found["mb"]


@pytest.mark.slow
def test_the_demo_shows_a_robot_that_recovers_and_a_twin_that_does_not(tmp_path: Path) -> None:
    adaptive, plain = twins(tmp_path, "combined", 4)
    assert min(adaptive["per_seed"]["mean_speed_after_fault"]) > max(
        plain["per_seed"]["mean_speed_after_fault"]
    )
    assert adaptive["recovered"] > plain["recovered"]


@pytest.mark.slow
def test_the_adaptive_cheetah_is_ahead_after_losing_its_back_leg(tmp_path: Path) -> None:
    # One robot in twenty falls, which costs as much as the lead over six seeds brings.
    adaptive, plain = twins(tmp_path, "grbal", 12, "--perturb", "crippled-leg:back")
    assert adaptive["mean_speed_after_fault"] > plain["mean_speed_after_fault"]
    assert adaptive["return_after_fault"] > plain["return_after_fault"]
    errors = adaptive["model_error"]
    assert errors["after_adaptation"] < 0.7 * errors["before_adaptation"]


@pytest.mark.slow
def test_the_recurrent_cheetah_keeps_running_after_losing_its_back_leg(tmp_path: Path) -> None:
    """ReBAL knows the fault; it is not reliably faster than MB on it (docs/results.md)."""
    adaptive, plain = twins(tmp_path, "rebal", 6, "--perturb", "crippled-leg:back")
    assert adaptive["mean_speed_after_fault"] > 0.75 * plain["mean_speed_after_fault"]
    errors = adaptive["model_error"]
    assert errors["after_adaptation"] < 0.7 * errors["before_adaptation"]
