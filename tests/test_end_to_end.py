"""The claim of the project, on the models that ship: the adaptive twin copes with the fault."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adaptive_control.cli.main import main
from adaptive_control.pretrained import pretrained_names, pretrained_path
from adaptive_control.training import load_model
from robots import get_robot


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
    assert "/root" not in json.dumps(loaded.metadata)
    assert "/home" not in json.dumps(loaded.metadata)


@pytest.mark.slow
@pytest.mark.parametrize("model", ["grbal", "rebal"])
def test_the_adaptive_cheetah_is_ahead_after_losing_its_back_leg(
    tmp_path: Path, model: str
) -> None:
    """On seeds that no figure in the documents was taken from."""
    arguments = ["demo", "--model", model, "--seed", "100", "--seeds", "6", "--no-video"]
    assert main([*arguments, "--out", str(tmp_path)]) == 0
    twins = json.loads((tmp_path / "metrics.json").read_text())["twins"]
    adaptive, plain = twins[model], twins["mb"]
    assert adaptive["mean_speed_after_fault"] > plain["mean_speed_after_fault"]
    assert adaptive["return_after_fault"] > plain["return_after_fault"]
    errors = adaptive["model_error"]
    assert errors["after_adaptation"] < 0.7 * errors["before_adaptation"]
