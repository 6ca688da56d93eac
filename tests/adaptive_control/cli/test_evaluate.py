"""`adaptive-control evaluate`: what it refuses, and a saved configuration given back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adaptive_control.cli.main import main

Capture = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--suite stairs", "suite: 'stairs' is unknown; allowed: all, crippled-joint/half-cheetah"),
        ("--models mb,gpt", "models: 'gpt' is unknown; allowed: mb, "),
        ("--seeds 0", "seeds: 0 is not in 1..100000"),
        ("--steps 3", "steps: 3 is not in 20..100000"),
        ("--workers -1", "workers: -1 is negative"),
        ("--oracles sky", "oracles: 'sky' is unknown; allowed: both, model, simulator, none"),
        ("--ablate M,N", "ablate: 'N' is unknown; allowed: all, M, K, H, step-sizes"),
        ("--ablate-model gpt", "ablate-model: 'gpt' is unknown; allowed: mb, "),
        ("--planner chess", "chess"),
        ("--data nowhere --fresh", "data: nowhere holds no episodes"),
        ("--checkpoints nowhere", "checkpoints: nowhere is no folder"),
        ("--report", "report: none of the cells asked for is in runs/evaluate/cells"),
    ],
)
def test_bad_input_gets_one_line_and_writes_nothing(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["evaluate", *arguments.split()]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_a_run_from_the_command_line_and_again_from_its_own_configuration(
    capsys: Capture, tmp_path: Path
) -> None:
    out = tmp_path / "run"
    arguments = [
        "evaluate", "--suite", "crippled-joint/half-cheetah", "--models", "mb", "--quick",
        "--seeds", "2", "--steps", "72", "--oracles", "none", "--workers", "1", "--out", str(out),
        "--planner", "random-shooting:candidates=16,horizon=3,iterations=1",
    ]  # fmt: skip
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert "2 of 2     episodes on models" in said
    assert "estimated: " in said
    assert "2 of 2 cells done; written to" in said
    table = (out / "table.md").read_text()

    saved = out / "config.json"
    assert json.loads(saved.read_text())["seeds"] == 2
    assert main(["evaluate", "--config", str(saved), "--report"]) == 0
    assert (out / "table.md").read_text() == table
