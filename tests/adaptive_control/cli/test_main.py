"""What the command line says, where, and with which exit status."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from adaptive_control import __version__
from adaptive_control.cli import main as cli
from adaptive_control.cli.main import COMMANDS, main
from adaptive_control.errors import AdaptiveControlError

Capture = pytest.CaptureFixture[str]


def refused(capsys: Capture, *arguments: str) -> str:
    """The one line on standard error with which `arguments` are refused."""
    assert main(arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1, captured.err
    return captured.err


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",)])
def test_help_names_every_command(capsys: Capture, arguments: tuple[str, ...]) -> None:
    assert main(arguments) == 0
    out = capsys.readouterr().out
    assert all(f"  {name} " in out for name in COMMANDS)


def test_version(capsys: Capture) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"{__version__}\n"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(capsys: Capture, command: str) -> None:
    with pytest.raises(SystemExit) as stop:
        main([command, "--help"])
    assert stop.value.code == 0
    assert f"usage: adaptive-control {command}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("fly", "'fly' is unknown; allowed: demo, train, dataset, evaluate"),
        ("demo --robot dog", "allowed: half-cheetah, ant"),
        ("demo --perturb crippled-joint:9", "joint 9"),
        ("demo --perturb slope:nan", "slope"),
        ("demo --perturb crippled-leg", "crippled-leg"),
        ("demo --perturb mass:2@20s", "begins after the run of 10.0 s"),
        ("demo --planner cem:elites=0", "elites"),
        ("demo --planner chess", "chess"),
        ("demo --model gpt", "model: 'gpt' is unknown; allowed: mb, mb-de, grbal"),
        ("demo --versus combined", "versus: 'combined' is also --model"),
        ("demo --seconds nan", "seconds: nan is not in (0, 3600]"),
        ("demo --seconds 0.01", "less than two control periods"),
        ("demo --seed -1", "seed: -1 is not in 0..9223372036854775807"),
        ("demo --seed 9223372036854775807 --seeds 2", "is not in 0..9223372036854775806"),
        ("live --seed 18446744073709551616", "is not in 0..9223372036854775807"),
        ("demo --seeds 0", "seeds: 0 is not in 1..1000"),
        ("demo --seconds soon", "could not convert string to float: 'soon'"),
        ("demo --secnds 3", "Unrecognized options: --secnds"),
        ("demo --seed", "--seed"),
        ("demo --checkpoint nowhere.safetensors", "nowhere.safetensors: no such file"),
        ("demo --config nowhere.json", "nowhere.json"),
        ("train dog", "allowed: half-cheetah, ant"),
        ("train half-cheetah ant", "Unrecognized options: ant"),
        (
            "train half-cheetah --model gpt",
            "error: train: model: 'gpt' is unknown; allowed: mb, mb-de, grbal",
        ),
        ("train half-cheetah --window 0", "window=0: must be at least 1"),
        ("train half-cheetah --planner chess", "chess"),
        ("robots dog", "allowed: half-cheetah, ant"),
    ],
)
def test_bad_input_gets_one_line_and_writes_nothing(
    capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert words in refused(capsys, *arguments.split())
    assert not list(tmp_path.iterdir())


def test_narrow_terminals_do_not_break_messages(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    assert "could not convert string to float: 'soon'" in refused(
        capsys, "demo", "--seconds", "soon"
    )


def test_robots_lists_robots_fields_and_kinds(capsys: Capture) -> None:
    assert main(["robots"]) == 0
    out = capsys.readouterr().out
    assert "half-cheetah" in out
    assert "crippled-leg" in out
    assert main(["robots", "ant"]) == 0
    assert "forward_speed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (AdaptiveControlError("over\ntwo lines"), 2, "error: over two lines\n"),
        (PermissionError(13, "Permission denied", "runs"), 2, "error: runs: Permission denied\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
    ],
)
def test_errors_become_a_line_and_a_status(
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    status: int,
    words: str,
) -> None:
    def fail(_: list[str]) -> int:
        raise error

    monkeypatch.setattr(cli, "_run", fail)
    assert main([]) == status
    assert capsys.readouterr().err == words


def test_a_defect_is_not_dressed_up_as_bad_input(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: list[str]) -> int:
        raise ValueError("shapes do not match")

    monkeypatch.setattr(cli, "_run", fail)
    with pytest.raises(ValueError, match="shapes"):
        main([])


def test_a_reader_that_leaves_is_no_error() -> None:
    code = "import sys; from adaptive_control.cli.main import main; sys.exit(main(['robots']))"
    done = subprocess.run(
        ["bash", "-c", f'set -o pipefail; "{sys.executable}" -c "{code}" | true'],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
