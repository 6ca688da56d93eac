"""A bundle on a robot in another process, over UDP; and the robot dies."""

from __future__ import annotations

import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.runtime.loop.config import RunConfig
from deploy.runtime.loop.start import run_bundle
from tests.deploy.bundles import exported
from tests.deploy.runtime.loop.fakes import Voice

ROOT = Path(__file__).parents[4]
pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The flight recorder writes below the current folder."""
    monkeypatch.syspath_prepend(str(ROOT))
    monkeypatch.chdir(tmp_path)


@contextmanager
def robot() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A half-cheetah in another process, and its address."""
    command = ["simulate", "half-cheetah", "--listen", "udp://127.0.0.1:0"]
    process = subprocess.Popen(
        [sys.executable, "-m", "adaptive_control", *command],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        address = re.search(r"udp://\S+:\d+", process.stdout.readline())
        assert address is not None
        yield process, address.group().rstrip(",")
    finally:
        process.kill()
        process.communicate()


def run(address: str, **options: Any) -> dict[str, Any]:
    bundle, _ = exported("grbal")
    nobody = Voice({})
    nobody.present = False
    return run_bundle(RunConfig(bundle=bundle, robot=address, priority=0, **options), nobody)


def test_a_run_over_udp() -> None:
    with robot() as (_, address):
        summary = run(address, arm=True, seconds=2.0, baseline=True)
    assert summary["steps"] > 0
    assert summary["ticks_in_mode"]["nominal"] > 0
    assert summary["stages_ms"]["plan"]["p50"] > 0
    assert summary["dropped"] == {}
    assert set(summary["baseline"]) == {"deadlines", "sleep"}
    for bare in summary["baseline"].values():
        assert {"ticks", "skipped", "rate"} <= set(bare)
        assert set(bare["stages_ms"]) <= {"wake", "jitter"}


def test_looking_on_moves_nothing() -> None:
    with robot() as (_, address):
        summary = run(address, seconds=1.0)
    assert summary["observed_only"]
    assert summary["steps"] == 0


def test_a_robot_that_dies_is_stopped_for() -> None:
    with robot() as (process, address):

        def later() -> None:
            time.sleep(4)
            process.kill()

        killer = threading.Thread(target=later)
        killer.start()
        summary = run(address, arm=True)
        killer.join()
    assert summary["safe"]
    assert summary["ended"] == "observation: none arrived"
    safe = next(i for i, change in enumerate(summary["modes"]) if change["mode"] == "safe")
    held, safe = summary["modes"][safe - 1 : safe + 1]
    assert held["mode"] == "hold"
    assert safe["tick"] - held["tick"] <= 5
    assert [Path(path).suffix for path in summary["fault_files"]] == [".mcap"]
