"""The command `run`: what it asks for, what it prints, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from adaptive_control.cli import run as cli
from adaptive_control.cli.main import main
from deploy.runtime.loop import start
from deploy.runtime.loop.accounts import Accounts
from deploy.runtime.loop.config import RunConfig
from deploy.runtime.loop.settings import LoopSettings
from tests.deploy.runtime.loop.fakes import limits, rig

ROOT = Path(__file__).parents[3]


def summary(**changes: Any) -> dict[str, Any]:
    """What a run in which the link is lost would report."""
    made = rig(lambda o: [] if o.sequence > 40 else [(0, o)], ticks=None)
    ending = made.run()
    return {
        **made.accounts.summary(),
        "safe": ending.safe,
        "ended": ending.reason,
        "fault_files": ["runs/faults/fault.mcap"],
        "observed_only": changes.get("safe") is False,
        "lost_logs": ["log: No space left on device"],
        "dropped": {"checksum": 3, "late": 1},
        "hygiene": {"shield": [{"name": "scheduling", "granted": False, "detail": "refused: no"}]},
        "settings": {"robot": "udp://127.0.0.1:1"},
        **changes,
    }


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[RunConfig]:
    """The configurations that `run` was called with; every run is stopped for safety."""
    seen: list[RunConfig] = []

    def instead(config: RunConfig) -> dict[str, Any]:
        seen.append(config)
        return summary(safe=config.seed == 0)

    monkeypatch.setattr(start, "run_bundle", instead)
    return seen


def test_a_safe_stop_has_its_own_status(
    asked: list[RunConfig], capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    out = tmp_path / "run.json"
    arguments = ["run", "bundle", "--robot", "udp://127.0.0.1:1", "--arm", "--json", str(out)]
    assert main(arguments) == 3
    assert asked[0].bundle == Path("bundle")
    assert asked[0].arm
    text = capsys.readouterr().out
    for words in (
        "SAFE: observation: none arrived",
        "scheduling: refused: no",
        "log lost: log: No space left on device",
        "packets dropped: checksum 3, late 1",
        "flight recorder: runs/faults/fault.mcap",
        "ended: observation: none arrived",
        "p99",
    ):
        assert words in text
    written = json.loads(out.read_text())
    assert written["safe"] is True
    assert set(written["stages_ms"]["plan"]) == {"p50", "p95", "p99", "max"}
    assert written["warm_up"]["ticks"] == LoopSettings().warmup_ticks
    assert written["dropped"] == {"checksum": 3, "late": 1}
    assert {"ticks", "misses", "modes", "return", "settings"} <= set(written)
    assert written["modes"][-1] == {
        "tick": written["modes"][-1]["tick"], "mode": "stop", "reason": "observation: none arrived",
    }  # fmt: skip


def test_a_clean_end_is_zero(asked: list[RunConfig], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "bundle", "--seed", "1"]) == 0
    assert not asked[0].arm, "it does not arm by itself"
    assert "no command was sent" in capsys.readouterr().out


@pytest.mark.parametrize("where", ["folder", "file/run.json"])
def test_a_summary_that_cannot_be_written_is_refused_before_the_run(
    asked: list[RunConfig], capsys: pytest.CaptureFixture[str], tmp_path: Path, where: str
) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    assert main(["run", "bundle", "--json", str(tmp_path / where)]) == 2
    assert asked == []
    error = capsys.readouterr().err
    assert error.startswith(f"error: json: {tmp_path / where}")
    assert "allowed: a file" in error
    assert error.count("\n") == 1
    assert [path.name for path in (tmp_path / "folder").iterdir()] == []


@pytest.mark.parametrize(("seed", "status"), [("0", 3), ("1", 2)])
def test_a_summary_that_is_lost_hides_no_safe_stop(
    asked: list[RunConfig],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    seed: str,
    status: int,
) -> None:
    def full(path: Path, value: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cli, "write_json", full)
    out = tmp_path / "run.json"
    assert main(["run", "bundle", "--seed", seed, "--json", str(out)]) == status
    shown = capsys.readouterr()
    assert shown.err == f"error: json: {out}: No space left on device\n"
    assert "ended: observation: none arrived" in shown.out, "all that could be told was"


@pytest.mark.parametrize("gone", [OSError(5, "Input/output error"), SystemExit(1)])
def test_a_terminal_that_is_gone_hides_no_safe_stop(
    asked: list[RunConfig],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    gone: BaseException,
) -> None:
    def nobody(console: object, told: object) -> None:
        raise gone

    monkeypatch.setattr(cli, "_print_summary", nobody)
    monkeypatch.setattr(os, "dup2", lambda *_: None)
    assert main(["run", "bundle", "--json", str(tmp_path / "run.json")]) == 3
    assert json.loads((tmp_path / "run.json").read_text())["safe"] is True
    assert main(["run", "bundle", "--seed", "1"]) == 0


def test_a_second_ctrl_c_costs_neither_the_summary_nor_its_status(
    asked: list[RunConfig], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = cli.write_json

    def interrupted(path: Path, value: object) -> None:
        os.kill(os.getpid(), signal.SIGINT)
        written(path, value)

    monkeypatch.setattr(cli, "write_json", interrupted)
    assert main(["run", "bundle", "--json", str(tmp_path / "run.json")]) == 3
    assert json.loads((tmp_path / "run.json").read_text())["safe"] is True


def test_settings_reach_the_loop(asked: list[RunConfig]) -> None:
    main(["run", "bundle", "--lead", "1", "--iterations", "7", "--readonly", "--seconds", "2.5"])
    settings = asked[0].settings()
    assert settings == LoopSettings(lead=1, iterations=7, readonly=True)
    assert asked[0].seconds == 2.5


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("run", "bundle: none is named"),
        ("run nowhere", "nowhere"),
        ("run bundle --seconds -1", "seconds: -1.0 is not allowed"),
        ("run bundle --arm --readonly", "arm: with --readonly is not allowed"),
        ("run bundle --lead 2", "lead: 2 is not allowed"),
        ("run bundle --armed", "Unrecognized options: --armed"),
    ],
)
def test_bad_input(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments.split()) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert words in error
    assert not list(tmp_path.iterdir())


def test_an_empty_summary_can_be_printed(
    asked: list[RunConfig], monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = Accounts(limits(), LoopSettings()).summary()
    monkeypatch.setattr(start, "run_bundle", lambda config: summary(**empty))
    assert main(["run", "bundle"]) == 3


def test_neither_torch_nor_a_simulator_is_loaded() -> None:
    code = (
        "import sys, deploy.runtime.loop.start, deploy.runtime.loop.worker, "
        "deploy.runtime.loop.view; "
        "print(*sorted({'torch', 'mujoco', 'gymnasium', 'onnx', 'pybullet'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == []
