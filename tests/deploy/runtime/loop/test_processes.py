"""Shield and planner in real processes, which are stopped, killed and kept busy.

Nothing here says how fast anything must be, only what must hold however slow the machine is.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deploy.errors import DeployError
from deploy.runtime.loop.process import PlannerProcess, WorkerSpec
from tests.deploy.bundles import bundle_path
from tests.deploy.runtime.loop.fakes import SAFE, A, H, S
from tests.deploy.runtime.loop.scenario import spec

ROOT = Path(__file__).parents[4]
HOLD_TICKS = 5


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """The planner's process finds the fakes."""
    monkeypatch.syspath_prepend(str(ROOT))


@contextmanager
def scenario(**options: Any) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The process of a run, and the process id of its planner."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.deploy.runtime.loop.scenario", json.dumps(options)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        planner = int(process.stdout.readline())
        yield process, planner
    finally:
        process.kill()
        process.communicate()


def wait_until_told(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    assert process.stdout.readline() == "now\n"


def result(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate(timeout=60)
    found = json.loads(output.splitlines()[-1])
    np.testing.assert_allclose(found["last"], SAFE)
    assert len(found["modes"]) == found["summary"]["ticks"], "every tick was recorded"
    return found


def safe_after(found: dict[str, Any], words: str, tick: int = 30) -> None:
    """SAFE soon after `tick`, for a reason with these words; STOP in the end."""
    first = next(entry for entry in found["modes"] if entry[0] > tick and entry[1] == "safe")
    assert words in first[2]
    before = [mode for number, mode, _ in found["modes"] if number < first[0]]
    held = len(before) - max((n for n, mode in enumerate(before, 1) if mode != "hold"), default=0)
    assert held <= HOLD_TICKS
    assert found["modes"][-1][1] == "stop"
    assert found["safe"]


def gone(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state == "Z"


def wait_until_gone(pid: int) -> bool:
    end = time.monotonic() + 20
    while not gone(pid) and time.monotonic() < end:
        time.sleep(0.05)
    return gone(pid)


@pytest.mark.parametrize("lead", [0, 1])
def test_plans_come_from_the_other_process(lead: int) -> None:
    with scenario(ticks=60, lead=lead) as (process, _):
        found = result(process)
    assert found["ended"] == "the time is up"
    assert found["summary"]["ticks_in_mode"]["nominal"] > 0
    assert found["summary"]["stages_ms"]["plan"]["p50"] > 0


def test_a_planner_that_is_killed() -> None:
    with scenario(person=False) as (process, planner):
        wait_until_told(process)
        os.kill(planner, signal.SIGKILL)
        found = result(process)
    safe_after(found, "planner: ended by SIGKILL")


def test_a_planner_that_breaks() -> None:
    with scenario(person=False, agent={"at": 80, "how": "raise"}) as (process, _):
        found = result(process)
    safe_after(found, "planner: failed: RuntimeError: the model broke", 0)


def test_a_planner_that_hangs_and_comes_back() -> None:
    with scenario(ticks=150) as (process, planner):
        wait_until_told(process)
        os.kill(planner, signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(planner, signal.SIGCONT)
        found = result(process)
    safe = next(entry for entry in found["modes"] if entry[0] > 30 and entry[1] == "safe")
    assert "control periods old" in safe[2]
    after = [entry[1] for entry in found["modes"] if entry[0] > safe[0] + 25]
    assert "nominal" in after, "by itself, because only the planner was the cause"


def test_a_planner_that_is_too_slow_is_missed_with_a_cause() -> None:
    with scenario(ticks=60, agent={"sleep_s": 0.05, "at": 30}) as (process, _):
        found = result(process)
    misses = found["summary"]["misses"]
    assert misses["planner"] > 0
    assert any("ms late after" in miss["cause"] for miss in misses["list"])


def test_a_loop_that_is_stopped_for_two_seconds() -> None:
    with scenario(person=False) as (process, _):
        wait_until_told(process)
        os.kill(process.pid, signal.SIGSTOP)
        time.sleep(2)
        os.kill(process.pid, signal.SIGCONT)
        found = result(process)
    safe_after(found, "the loop stood still for 2.")
    assert found["summary"]["skipped"] >= 90
    # Each tick begins at its own deadline: at most one wakes late just before the next.
    assert sum(gap < 5 for gap in found["gaps_ms"]) <= len(found["gaps_ms"]) / 4


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_ends_with_the_safe_action(number: signal.Signals) -> None:
    with scenario() as (process, planner):
        wait_until_told(process)
        process.send_signal(number)
        found = result(process)
        assert wait_until_gone(planner)
    assert found["ended"] == number.name
    assert not found["safe"]


def test_a_killed_shield_takes_the_planner_along() -> None:
    with scenario() as (process, planner):
        wait_until_told(process)
        process.kill()
        assert wait_until_gone(planner)


@pytest.mark.slow
def test_a_busy_machine() -> None:
    code = "while True: pass"
    burners = [
        subprocess.Popen([sys.executable, "-c", code]) for _ in range(2 * (os.cpu_count() or 1))
    ]
    try:
        with scenario(ticks=200) as (process, _):
            found = result(process)
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
    summary = found["summary"]
    assert summary["ticks"] + summary["skipped"] >= 200
    for miss in summary["misses"]["list"]:
        assert miss["cause"], miss


def test_a_planner_that_cannot_start_says_why() -> None:
    with pytest.raises(DeployError, match=r"planner: AttributeError: module .* no attribute 'no'"):
        PlannerProcess(WorkerSpec("tests.deploy.runtime.loop.fakes:no", {}, S, A, H))
    with pytest.raises(DeployError, match=r"planner: TypeError: .*unexpected keyword"):
        PlannerProcess(spec(colour="red"))


def test_what_the_planner_refuses_is_one_line_and_no_traceback(
    capfd: pytest.CaptureFixture[str],
) -> None:
    arguments = {"path": str(bundle_path("mb")), "seed": 0, "planner": "cem:terminal=0.5,horizon=4"}
    factory = "deploy.runtime.loop.worker:bundle_agent"
    with pytest.raises(DeployError, match="has no terminal value") as caught:
        PlannerProcess(WorkerSpec(factory, arguments, 18, 6, 4, lock_memory=False))
    assert "\n" not in str(caught.value)
    assert capfd.readouterr().err == ""


def test_a_signal_without_a_name_is_told_by_its_number() -> None:
    process = PlannerProcess(spec())
    os.kill(process.pid, signal.SIGRTMIN + 6)
    assert wait_until_gone(process.pid)
    assert process.trouble() == f"ended by signal {signal.SIGRTMIN + 6}"
    process.close()


def test_a_planner_that_never_gets_ready_is_given_up() -> None:
    with pytest.raises(DeployError, match=r"planner: not ready after 0\.01 s"):
        PlannerProcess(spec(), timeout_s=0.01)
