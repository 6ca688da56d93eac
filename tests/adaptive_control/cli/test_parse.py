"""Arguments and saved configurations become the same dataclass."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import pytest
import tyro

from adaptive_control.cli.parse import parse
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import write_json


@dataclass(frozen=True)
class Settings:
    """Settings of a test."""

    robot: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ROBOT")] = "half-cheetah"
    """Which."""
    seed: int = 0
    rate: float = 0.5
    hidden: tuple[int, ...] = (64, 64)
    out: Path | None = None
    video: bool = True

    def __post_init__(self) -> None:
        if self.seed < 0:
            raise AdaptiveControlError(f"seed={self.seed}: must be 0 or more")


def parsed(*arguments: str) -> Settings:
    return parse(Settings, arguments, "test", positional=("robot",))


def test_defaults_and_options() -> None:
    assert parsed() == Settings()
    assert parsed("ant", "--hidden", "8", "16", "--no-video", "--out", "x") == Settings(
        robot="ant", hidden=(8, 16), video=False, out=Path("x")
    )


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(robot="ant", seed=3, rate=1e-3, hidden=(5,), out=Path("a b/c"), video=False),
        Settings(hidden=()),
    ],
)
def test_a_saved_configuration_comes_back(tmp_path: Path, settings: Settings) -> None:
    path = tmp_path / "config.json"
    write_json(path, asdict(settings))
    assert parsed("--config", str(path)) == settings
    assert parsed(f"--config={path}") == settings


def test_options_win_over_a_saved_configuration(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    write_json(path, asdict(Settings(robot="ant", seed=3, rate=0.1)))
    assert parsed("--config", str(path), "--seed", "4") == Settings("ant", seed=4, rate=0.1)
    assert parsed("half-cheetah", "--config", str(path)).robot == "half-cheetah"


@pytest.mark.parametrize(
    ("saved", "words"),
    [
        ({"sed": 3}, "sed; allowed: hidden, out, rate, robot, seed, video"),
        ({"seed": "three"}, "'three'"),
        ({"seed": -1}, "seed=-1: must be 0 or more"),
        ({"seed": None}, "None"),
        ({"hidden": [1, "x"]}, "x"),
        ([], "no table of settings"),
        ("", "no table of settings"),
    ],
)
def test_a_bad_saved_configuration_is_refused(tmp_path: Path, saved: Any, words: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(saved))
    with pytest.raises(AdaptiveControlError, match="config") as error:
        parsed("--config", str(path))
    assert words in str(error.value)


def test_a_file_that_is_not_json_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(b"\xff{")
    with pytest.raises(AdaptiveControlError, match="cannot be read"):
        parsed("--config", str(path))
    with pytest.raises(AdaptiveControlError, match="needs the path"):
        parsed("--config")


def test_the_terminal_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    monkeypatch.setenv("COLUMNS", "77")
    parsed()
    with pytest.raises(AdaptiveControlError):
        parsed("--nonsense")
    assert os.environ["COLUMNS"] == "77"


def test_similar_options_are_suggested() -> None:
    with pytest.raises(AdaptiveControlError, match="perhaps you meant --hidden"):
        parsed("--hiden", "3")
