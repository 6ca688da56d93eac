"""What a user gets: the wheel, not this folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import adaptive_control
from adaptive_control.pretrained import pretrained_paths

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    (built,) = out.glob("*.whl")
    return built


@pytest.mark.slow
def test_the_wheel_holds_the_four_packages_and_their_data(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    top = {name.split("/")[0] for name in names}
    info = next(name for name in top if name.endswith(".dist-info"))
    assert top == {"adaptive_control", "controllers", "robots", "deploy", info}
    shipped = {name.rsplit("/", 1)[-1] for name in names if name.endswith(".safetensors")}
    assert shipped == {path.name for path in pretrained_paths()}
    for robot in ("half-cheetah", "ant", "a1"):
        assert {f"{robot}-{kind}.safetensors" for kind in ("combined", "grbal", "mb")} <= shipped


@pytest.mark.slow
def test_the_wheel_runs_from_elsewhere(wheel: Path, tmp_path: Path) -> None:
    """Unpacked, first on the path, from another folder: nothing of the checkout is used."""
    unpacked = tmp_path / "site"
    zipfile.ZipFile(wheel).extractall(unpacked)
    code = (
        "import adaptive_control.cli.main as m, controllers, robots, sys;"
        f"assert all({str(unpacked)!r} in str(p.__file__) for p in (m, controllers, robots));"
        "sys.exit(m.main(['demo', '--seconds', '0.5', '--no-video', '--planner',"
        " 'cem:candidates=20,horizon=3,iterations=1']))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code], cwd=tmp_path, capture_output=True, text=True,
        env={**os.environ, "PYTHONPATH": str(unpacked)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "runs" / "demo" / "metrics.json").is_file()


def test_this_version_is_in_the_changelog() -> None:
    sections = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert adaptive_control.__version__ in sections
