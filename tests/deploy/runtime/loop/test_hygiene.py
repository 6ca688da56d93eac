"""What is asked of the operating system, and what it refuses."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deploy.runtime.log import FlightRecorder, McapLog
from deploy.runtime.loop import hygiene
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.log import test_log as log


def test_refusals_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    monkeypatch.setattr(hygiene, "_call", refuse)
    with hygiene.as_found():
        report = {item.name: item for item in hygiene.prepare(50, (0,))}
    assert not report["scheduling"].granted
    assert report["scheduling"].detail == "refused: Operation not permitted"
    assert not report["cores"].granted
    assert not report["memory lock"].granted
    assert report["garbage collection"].granted


def test_whoever_calls_a_run_is_given_back_all_of_it() -> None:
    cores, switch = os.sched_getaffinity(0), sys.getswitchinterval()
    scheduling, collected = os.sched_getscheduler(0), gc.isenabled()
    with hygiene.as_found():
        report = {item.name: item for item in hygiene.prepare(1, (min(cores),), lock_memory=False)}
        assert os.sched_getaffinity(0) == {min(cores)}
        assert not gc.isenabled()
        if report["scheduling"].granted:
            assert os.sched_getscheduler(0) & os.SCHED_FIFO
    assert (os.sched_getaffinity(0), sys.getswitchinterval()) == (cores, switch)
    assert (os.sched_getscheduler(0), gc.isenabled()) == (scheduling, collected)


def test_what_a_loop_starts_is_a_program_among_others() -> None:
    """A process that never rests, at the loop's priority, would stop everything else."""
    code = "import os; print(os.sched_getscheduler(0))"
    with hygiene.as_found():
        report = {item.name: item for item in hygiene.prepare(1, lock_memory=False)}
        if not report["scheduling"].granted:
            pytest.skip(report["scheduling"].detail)
        told = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True)
    assert int(told.stdout) == os.SCHED_OTHER


@pytest.mark.parametrize("priority", [0, 45])
def test_whoever_writes_a_log_does_not_keep_the_shield_waiting(
    priority: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the interpreter's lock at times, so it must get a core when it does."""
    asked: list[str] = []

    def schedule(wanted: int) -> str:
        assert wanted == priority
        asked.append(threading.current_thread().name)
        return ""

    monkeypatch.setattr(hygiene, "_schedule", schedule)
    written = McapLog(tmp_path / "run.mcap", log.TOPICS, log.METADATA, priority)
    recorder = FlightRecorder(tmp_path, log.TOPICS, log.METADATA, dt=0.5, priority=priority)
    with recorder:
        for number, mode in enumerate((Mode.NOMINAL, Mode.SAFE)):
            written.record(log.tick(number, mode=mode))
            recorder.record(log.tick(number, mode=mode))
    written.close()
    assert sorted(asked) == (["faults", "log"] if priority else [])
    assert len(recorder.files) == 1
