"""What a robot installs, `pip install` without extras, is enough to run a bundle there."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tests.deploy.bundles import bundle_path

ROOT = Path(__file__).parents[2]
HEAVY = {"torch", "mujoco", "onnx", "onnxscript", "gymnasium", "scipy", "safetensors", "viser"}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a new environment that holds the project and its base dependencies."""
    folder = tmp_path_factory.mktemp("robot") / "venv"
    venv.create(folder, with_pip=True)
    interpreter = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = subprocess.run(
        [interpreter, "-m", "pip", "install", "--quiet", "--retries", "1", str(ROOT)],
        cwd=folder, capture_output=True, text=True,
    )  # fmt: skip
    if done.returncode and (
        "No matching distribution" in done.stderr or "Connection" in done.stderr
    ):
        pytest.skip(f"pip cannot reach its index: {done.stderr.strip().splitlines()[-1][:160]}")
    assert done.returncode == 0, done.stderr
    return interpreter


def run(python: Path, *arguments: str) -> str:
    """Standard output of `python ARGUMENTS`, which must succeed; nothing of this folder is used."""
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python, *arguments], cwd=python.parent, env=clean, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_the_environment_is_small(python: Path) -> None:
    """Prints its size: `pytest -s` shows it; docs/bundle.md quotes it."""
    installed = run(python, "-m", "pip", "list", "--format=freeze").lower().split()
    names = {line.partition("==")[0] for line in installed}
    assert "onnxruntime" in names
    assert not names & HEAVY
    (site,) = python.parents[1].glob("lib/python*/site-packages")
    without_pip = [p for p in site.iterdir() if not p.name.startswith(("pip", "setuptools"))]
    files = [f for p in without_pip for f in ([p] if p.is_file() else p.rglob("*")) if f.is_file()]
    size = sum(file.stat().st_size for file in files) / 2**20
    print(f"environment: {size:.0f} MiB in {len(names)} packages")
    assert size < 300


@pytest.mark.slow
@pytest.mark.parametrize("command", ["inspect", "verify", "profile"])
def test_commands_run_there(python: Path, command: str) -> None:
    arguments = [command, str(bundle_path())]
    if command == "profile":
        arguments += ["--candidates", "8", "--horizons", "3", "--repeats", "2"]
    assert "adaptive_control" in run(
        python, "-c", "import adaptive_control as a; print(a.__file__)"
    )
    assert run(python, "-W", "error", "-m", "adaptive_control", *arguments)


@pytest.mark.slow
def test_a_bundle_runs_there_in_little_memory(python: Path) -> None:
    code = f"""
from pathlib import Path
import numpy as np
from deploy.runtime.bundle import load_bundle
agent = load_bundle({str(bundle_path())!r}).agent()
for _ in range(3):
    action = agent.act(np.zeros((1, 18), np.float32)).action
assert np.all(np.isfinite(action))
status = Path("/proc/self/status").read_text().splitlines()
status = dict(line.split(":", 1) for line in status)
print(int(status["VmHWM"].split()[0]) // 1024)
"""
    if sys.platform != "linux":
        pytest.skip("there is no /proc on this system")
    memory = int(run(python, "-W", "error", "-c", code))
    print(f"memory after three control steps: {memory} MiB")
    assert memory < 300
