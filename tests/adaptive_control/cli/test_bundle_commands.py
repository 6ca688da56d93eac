"""export, inspect, verify, doctor and profile, as people type them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from adaptive_control.cli.main import main
from adaptive_control.training.checkpoint import save_model
from deploy.runtime.bundle import load_bundle
from tests.deploy.bundles import ROBOT, WINDOW, bundle_path, copy_of, random_model

Capture = pytest.CaptureFixture[str]


def refused(capsys: Capture, *arguments: str) -> str:
    """The one line on standard error with which `arguments` are refused."""
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1, error
    return error


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    path = tmp_path / "model.safetensors"
    save_model(
        path, random_model("mb"), robot=ROBOT, window=WINDOW, hidden=(16, 16),
        metadata={"note": "for a test", "error": float("nan")},
    )  # fmt: skip
    return path


def test_export(capsys: Capture, checkpoint: Path, tmp_path: Path) -> None:
    planner = tmp_path / "planner.toml"
    planner.write_text('planner = "mppi"\ncandidates = 20\nhorizon = 4\n')
    out = tmp_path / "bundle"
    options = ("--planner", str(planner), "--out", str(out), "--window", "3", "--action-rate", "7")
    assert main(["export", str(checkpoint), "--method", "mb-de", *options]) == 0
    said = capsys.readouterr().out
    assert "written: " in said
    assert "mppi" in said
    manifest = load_bundle(out).manifest
    assert (manifest.kind, manifest.window, manifest.planner.name) == ("mb-de", 3, "mppi")
    assert manifest.action_rate == (7.0,) * 6
    assert manifest.source["checkpoint"] == "model.safetensors"
    assert manifest.source["training"] == {"note": "for a test", "error": None}


@pytest.mark.slow
def test_export_of_a_model_that_ships(capsys: Capture, tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    assert main(["export", "half-cheetah/grbal", "--out", str(out)]) == 0
    assert load_bundle(out).manifest.robot == "half-cheetah"
    capsys.readouterr()
    assert main(["verify", str(out)]) == 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("export", "checkpoint: is missing"),
        ("export nowhere.safetensors", "no such file"),
        ("export cat/grbal", "neither a .safetensors file nor ROBOT/METHOD"),
        ("export half-cheetah/gpt", "checkpoint: 'gpt' is unknown"),
        ("export half-cheetah/mb --planner chess", "chess"),
        ("export half-cheetah/mb --planner nowhere.toml", "cannot be read"),
        ("export half-cheetah/mb --method grbal", "holds a mb model"),
        ("export half-cheetah/mb --window -1", "window: -1 is not allowed"),
        ("export half-cheetah/mb --action-rate -1", "action_rate: -1.0 is not allowed"),
        ("export nowhere.safetensors --action-rate inf", "action_rate: inf is not allowed"),
        ("export nowhere.safetensors --action-rate nan", "action_rate: nan is not allowed"),
        ("inspect nowhere", "nowhere: no such folder"),
        ("verify nowhere", "nowhere: no such folder"),
        ("profile nowhere", "nowhere: no such folder"),
        ("doctor nowhere --robot udp://127.0.0.1:1", "nowhere: no such folder"),
    ],
)
def test_what_cannot_be_done(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert words in refused(capsys, *arguments.split())
    assert list(tmp_path.iterdir()) == []


def test_inspect(capsys: Capture) -> None:
    assert main(["inspect", str(bundle_path())]) == 0
    said = capsys.readouterr().out
    for words in ("bthigh_velocity", "rad/s", "half-cheetah", "cem:candidates=24", "adapt.onnx"):
        assert words in said


def test_inspect_for_machines(capsys: Capture) -> None:
    assert main(["inspect", str(bundle_path()), "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert table == json.loads((bundle_path() / "manifest.json").read_text())


def test_verify(capsys: Capture, tmp_path: Path) -> None:
    assert main(["verify", str(bundle_path())]) == 0
    said = capsys.readouterr().out
    assert "is whole" in said
    assert "15 transitions" in said

    damaged = copy_of(bundle_path(), tmp_path)
    content = bytearray((damaged / "adapt.onnx").read_bytes())
    content[len(content) // 2] ^= 4
    (damaged / "adapt.onnx").write_bytes(content)
    assert "adapt.onnx: was changed after the export" in refused(capsys, "verify", str(damaged))


def test_profile(capsys: Capture, tmp_path: Path) -> None:
    file = tmp_path / "profile.json"
    sizes = ("--candidates", "8", "16", "--horizons", "3", "--repeats", "3")
    assert main(["profile", str(bundle_path()), "--json", str(file), *sizes]) == 0
    said = capsys.readouterr().out
    assert "largest" in said
    table = json.loads(file.read_text())
    assert table["dt"] == 0.05
    assert [row["candidates"] for row in table["iterations"]] == [8, 16]


def test_tune_reads_the_profile(tmp_path: Path) -> None:
    latency = pytest.importorskip("adaptive_control.tune.latency")
    file = tmp_path / "profile.json"
    sizes = ("--candidates", "8", "16", "--horizons", "3", "4", "--repeats", "3")
    assert main(["profile", str(bundle_path("mb")), "--json", str(file), *sizes]) == 0
    table = latency.read_profile(file, 0.05, WINDOW)
    assert len(table.iterations) == 4


@pytest.mark.parametrize("command", ["inspect", "verify", "profile"])
def test_what_runs_on_the_robot_loads_nothing_heavy(command: str) -> None:
    arguments = [command, str(bundle_path())]
    if command == "profile":
        arguments += ["--candidates", "8", "--horizons", "3", "--repeats", "2"]
    heavy = ("torch", "mujoco", "onnx", "gymnasium", "scipy", "safetensors", "matplotlib")
    code = (
        f"import sys\nfrom adaptive_control.cli.main import main\nassert main({arguments!r}) == 0\n"
        f"print(*(name for name in {heavy!r} if name in sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.split() == []
