"""What an evaluation refuses, and what it does when a cell fails."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.run import evaluate
from adaptive_control.lock import alone
from adaptive_control.pretrained import pretrained_path
from tests.adaptive_control.evaluation.serial import quiet, serial, tiny


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"suite": "stairs"}, "suite: 'stairs' is unknown"),
        ({"steps": 25, "suite": "pier", "quick": False}, "steps: 25 of 0.05 s are too few"),
        ({"data": Path("nowhere"), "fresh": True}, "data: nowhere holds no episodes"),
        ({"checkpoints": Path("nowhere")}, "checkpoints: nowhere is no folder"),
        ({"planner": "chess"}, "chess"),
        ({"report": True, "estimate": True}, "estimate: True; with report only False"),
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


def test_a_checkpoint_that_is_damaged_is_refused_before_anything_runs(tmp_path: Path):
    (tmp_path / "half-cheetah-mb.safetensors").write_bytes(b"broken")
    config = tiny(tmp_path / "run", models="mb", checkpoints=tmp_path)
    with pytest.raises(AdaptiveControlError, match=r"half-cheetah-mb\.safetensors: truncated"):
        evaluate(config, quiet())
    assert not config.out.exists()


def test_two_processes_do_not_evaluate_in_one_folder(tmp_path: Path):
    config = tiny(tmp_path, models="mb", oracles="none")
    with alone(tmp_path, "evaluating"):
        with pytest.raises(AdaptiveControlError, match="another process is evaluating in"):
            evaluate(config, quiet())
        assert not (tmp_path / "config.json").exists()
        assert evaluate(dataclasses.replace(config, estimate=True), quiet()) == 0


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
