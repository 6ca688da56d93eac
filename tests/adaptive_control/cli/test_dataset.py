"""The command `dataset`: from a log that `run` wrote to episodes that `train` reads."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from adaptive_control.cli.main import main
from adaptive_control.training.dataset import Episodes
from deploy.runtime.log import McapLog, Topics
from robots import get_robot
from tests.deploy.runtime.log.test_log import METADATA, tick

SPEC = get_robot("half-cheetah").spec
NAMES = tuple(field.name for field in SPEC.observation)
MOTORS = tuple(field.name for field in SPEC.action)


def log(path: Path, count: int, names: tuple[str, ...] = NAMES) -> Path:
    """A log in which field i of observation n is n + i / 100, by the names' own places."""
    place = np.array([NAMES.index(name) if name in NAMES else 0 for name in names], np.float32)
    file = McapLog(path, Topics(names, MOTORS), METADATA)
    action = np.full(len(MOTORS), 0.5, np.float32)
    for number in range(count):
        acted = {"applied": action, "wanted": action, "command": action}
        file.record(tick(number, observation=number + place / 100, **acted))
    file.close()
    assert file.trouble == ""
    return path


def test_a_log_becomes_episodes_with_fields_in_the_robots_order(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = log(tmp_path / "a.mcap", 26), log(tmp_path / "b.mcap", 12, NAMES[::-1])
    out = tmp_path / "own"
    arguments = [str(first), str(second), "--out", str(out), "--steps", "10"]
    assert main(["dataset", "half-cheetah", *arguments]) == 0
    said = capsys.readouterr().out
    assert "25 transitions" not in said
    assert f"{first}: 20 transitions in 2 episodes, 5 left out" in said
    assert f"written: {out}, 30 transitions" in said
    for number, count in ((0, 2), (1, 1)):
        found = Episodes.load(out / "episodes" / f"{number:03d}.npz")
        assert len(found) == count
        wanted = np.arange(10)[:, None] + np.arange(len(NAMES)) / 100
        assert np.allclose(found.observation[0], wanted)
        assert np.allclose(found.next_observation[0], wanted + 1)
    assert json.loads((out / "config.json").read_text())["robot"] == "half-cheetah"
    saved, again = str(out / "config.json"), tmp_path / "again"
    assert main(["dataset", "--config", saved, "--out", str(again)]) == 0  # given back
    assert (again / "episodes" / "001.npz").is_file()
    capsys.readouterr()
    assert main(["dataset", "half-cheetah", *arguments]) == 2
    assert "holds episodes already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("robot", "steps", "words"),
    [
        ("ant", "10", "is of another robot than ant: its observation fields differ"),
        ("half-cheetah", "40", "steps: 40 is more than any log has transitions"),
        ("half-cheetah", "1", "steps: 1 is not 2 or more"),
        ("dog", "10", "dog"),
    ],
)
def test_what_cannot_be_is_one_line_and_leaves_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], robot: str, steps: str, words: str
) -> None:
    file, out = log(tmp_path / "a.mcap", 26), tmp_path / "own"
    assert main(["dataset", robot, str(file), "--out", str(out), "--steps", steps]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert words in line
    assert not out.exists()


def test_names_are_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dataset", "half-cheetah"]) == 2
    assert "dataset ROBOT LOG..." in capsys.readouterr().err
