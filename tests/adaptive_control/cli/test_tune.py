"""`adaptive-control tune`: refusals, and what survives Ctrl-C and kill -9."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from adaptive_control.cli.main import main
from tests.adaptive_control.tune.conftest import PROFILE

ROOT = Path(__file__).parents[3]
TINY = [
    "--trials=6", "--generation=3", "--robots=2", "--first=2", "--steps=5", "--sweep=2",
    "--horizon", "2", "6", "--candidates", "4", "24", "--iterations", "1", "2", "--no-check",
    "--default=cem:candidates=12,horizon=4,elites=4",
]  # fmt: skip


def command(folder: Path, *more: str) -> list[str]:
    profile = folder.parent / "profile.json"
    profile.write_text(json.dumps(PROFILE))
    arguments = ["tune", "half-cheetah", "--out", str(folder), "--profile", str(profile), *TINY]
    return [*arguments, *more]


def start(arguments: list[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "adaptive_control", *arguments],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        # Jobs in the background of a shell ignore Ctrl-C, and so would what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def finished(folder: Path) -> int:
    """Evaluations in the folder, without the half-written, which begin with a dot."""
    return len(list(folder.glob("evaluations/[!.]*")))


def wait_for(folder: Path, evaluations: int, process: subprocess.Popen[str]) -> None:
    while process.poll() is None and finished(folder) < evaluations:
        time.sleep(0.002)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("dog", "dog"),
        ("half-cheetah --model gpt", "gpt"),
        ("half-cheetah --trials 0", "trials=0: must be at least 1"),
        ("half-cheetah --share nan", "share=nan: must be above 0 to 1"),
        ("half-cheetah --horizon 9 5", "horizon=(9, 5): must be two numbers, 1 or more"),
        ("half-cheetah --first 17", "first=17: must be at most robots=16"),
        ("half-cheetah --planners chess", "planners: 'chess' is unknown"),
        ("half-cheetah --default chess", "chess"),
        ("half-cheetah --profile nowhere.json", "nowhere.json"),
        ("half-cheetah --start cem:execute=best", "start: execute=best of cem is not searched"),
        ("half-cheetah --seed 9223372036854775808", "seed=9223372036854775808: must be from 0"),
        ("half-cheetah --resume", "resume: runs/tune-half-cheetah-combined holds no study"),
    ],
)
def test_bad_input_gets_one_line_and_writes_nothing(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: str,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["tune", *arguments.split()]) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith("error: ")
    assert captured.err.count("\n") == 1
    assert words in captured.err
    assert captured.out == ""
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_killed_and_resumed_is_the_same(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main(command(whole, "--workers", "1")) == 0
    for evaluations in (1, 4, 8):  # in a generation, between generations, in what follows
        more = ["--resume"] if (killed / "config.json").exists() else []
        process = start(command(killed, "--workers", "1", *more))
        wait_for(killed, evaluations, process)
        assert process.poll() is None, process.communicate()[1]
        process.kill()
        process.communicate()
    # What was asked for is known to the study; only where it is must be said.
    assert main(["tune", "half-cheetah", "--out", str(killed), "--resume"]) == 0
    for name in ("pareto.json", "tuned.json", "planner.toml"):
        assert (killed / name).read_text() == (whole / name).read_text()
    assert "written to" in capsys.readouterr().out
    assert main(command(killed)) == 2
    assert "go on with it by --resume" in capsys.readouterr().err
    assert main(command(killed, "--resume", "--seed", "3")) == 2
    assert "seed: 3 differs from 0" in capsys.readouterr().err


@pytest.mark.slow
def test_ctrl_c_keeps_everything_and_leaves_no_worker(tmp_path: Path) -> None:
    folder = tmp_path / "study"
    # Long enough that no machine has finished it when the signal comes.
    longer = ["--trials=60" if part == "--trials=6" else part for part in command(folder)]
    process = start([*longer, "--workers", "2"])
    wait_for(folder, 3, process)
    assert process.poll() is None, process.communicate()[1]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "all that is finished is kept; go on: adaptive-control tune half-cheetah" in out
    assert err.strip().splitlines()[-1] == "interrupted"
    assert "Traceback" not in err
    assert finished(folder) >= 3
    assert not (folder / "pareto.json").exists()
    left = subprocess.run(["ps", "-eo", "ppid"], capture_output=True, text=True, check=True)
    assert str(process.pid) not in left.stdout.split()
