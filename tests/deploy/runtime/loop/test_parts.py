"""The small parts: shared memory, deadlines, statistics, delay, the terminal, the view."""

from __future__ import annotations

import os
import sys
import threading
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from deploy.errors import DeployError
from deploy.runtime.log import FlightRecorder, McapLog
from deploy.runtime.loop import baseline, hygiene
from deploy.runtime.loop.accounts import Accounts
from deploy.runtime.loop.board import Board, open_board
from deploy.runtime.loop.clock import Grid, VirtualClock
from deploy.runtime.loop.config import RunConfig
from deploy.runtime.loop.flight import Flight
from deploy.runtime.loop.memory import Ring, Shared
from deploy.runtime.loop.messages import PlannerTask, Shapes
from deploy.runtime.loop.record import Mode, PlanRecord
from deploy.runtime.loop.settings import LoopSettings
from deploy.runtime.loop.statistics import Miss, Misses, Times
from deploy.runtime.loop.stillness import Stillness
from deploy.runtime.loop.terminal import Terminal
from deploy.runtime.loop.view import picture_of
from tests.deploy.runtime.log import test_log as log
from tests.deploy.runtime.loop.fakes import A, H, S, Voice, limits, rig

# Shared memory.

DATA = np.dtype([("number", np.int64), ("odd", np.uint8), ("rest", np.float64, (200,))], align=True)


def both_ends(slots: int = 4) -> tuple[Ring, Ring]:
    memory = Shared(Ring.size(DATA, slots))
    other = Shared(0, os.dup(memory.descriptor))
    return Ring(memory, 0, DATA, slots), Ring(other, 0, DATA, slots)


def record(number: int) -> np.ndarray:
    made = np.zeros((), DATA)
    made["number"], made["odd"], made["rest"] = number, number % 2, number
    return made


def test_a_ring_keeps_the_newest() -> None:
    writer, reader = both_ends()
    assert reader.read(0) is None
    for number in range(10):
        writer.write(record(number))
    assert reader.head == 10
    assert [reader.read(n) is not None for n in range(10)] == [False] * 6 + [True] * 4
    newest = reader.read(9)
    assert newest is not None
    assert newest["number"] == 9
    assert (newest["rest"] == 9).all()


def test_a_record_half_written_is_not_read() -> None:
    writer, reader = both_ends()
    writer.write(record(0))
    slot = writer._slots[0]
    slot["count"] = 1
    assert reader.read(0) is None
    slot["count"] = 2
    assert reader.read(0) is not None
    slot["data"][8] ^= 1  # as if stores had become visible in another order
    assert reader.read(0) is None


def test_no_torn_record_is_ever_believed() -> None:
    writer, reader = both_ends(slots=2)
    done = threading.Event()

    def write() -> None:
        for number in range(20_000):
            writer.write(record(number))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    whole = 0
    while not done.is_set():
        found = reader.read(reader.head - 1) if reader.head else None
        if found is not None:
            whole += 1
            assert (found["rest"] == found["number"]).all()
    thread.join()
    assert whole > 0


def test_messages_survive_the_memory() -> None:
    shapes = Shapes(S, A, H)
    task = PlannerTask(
        1, 2, 3, 4, 5, 6, True, False,
        np.arange(S, dtype=np.float32), np.ones(A, np.float32), np.ones((3, A), np.float32),
    )  # fmt: skip
    plan = PlanRecord(
        1, 2, 3, 4, 5, 6, np.ones((H, A), np.float32), np.zeros((0, A), np.float32), 7,
        gate_open=True, step_norm=0.5,
    )  # fmt: skip
    for message, back in (
        (task, shapes.task_of(shapes.pack(task))),
        (plan, shapes.plan_of(shapes.pack(plan))),
    ):
        for field in fields(message):
            np.testing.assert_array_equal(getattr(back, field.name), getattr(message, field.name))


# Time.


def test_deadlines_do_not_drift_and_skipped_ones_are_not_made_up_for() -> None:
    grid = Grid(1000, 100)
    assert [grid.due_ns, grid.advance(1090), grid.due_ns] == [1000, 0, 1100]
    assert grid.advance(1199) == 0
    assert grid.due_ns == 1200
    assert grid.advance(1750) == 4, "1300 to 1600 have passed; 1700 is less than a period ago"
    assert (grid.due_ns, grid.tick) == (1700, 7)


@pytest.mark.parametrize("error", [-300, -7, 3, 45])
def test_the_grid_follows_the_robot_slowly(error: int) -> None:
    grid = Grid(0, 1000)
    robot = error
    for _ in range(200):
        before = grid.due_ns
        grid.follow(robot - grid.due_ns)
        assert abs(grid.due_ns - before) <= 20
        grid.advance(grid.due_ns)
        robot += 1000
    assert abs(robot - grid.due_ns) <= 5


def test_a_virtual_clock_never_goes_back() -> None:
    clock = VirtualClock()
    start = clock.now_ns()
    clock.sleep_until(start + 5)
    clock.sleep_until(start)
    assert clock.now_ns() == start + 5


# Statistics.


def test_percentiles_are_right_within_their_bins() -> None:
    values = np.random.default_rng(0).lognormal(-6, 1, 5000)
    times = Times()
    for value in values:
        times.add(float(value))
    summary = times.summary()
    for name, part in (("p50", 50), ("p95", 95), ("p99", 99)):
        exact = 1e3 * np.percentile(values, part, method="inverted_cdf")
        assert exact <= summary[name] <= 1.006 * exact
    assert summary["max"] == 1e3 * values.max()
    assert np.isnan(Times().percentile(0.5))


def test_times_beyond_the_bins() -> None:
    times = Times()
    for value in (0.0, -1.0, 1e-9, 1e9):
        times.add(value)
    assert times.summary()["max"] == 1e12
    assert times.percentile(0.5) <= 1e-7


def test_all_misses_are_counted_and_some_are_listed() -> None:
    misses = Misses()
    for tick in range(1500):
        misses.add(Miss(tick, "planner", "slow"))
    misses.explain(3, "busy")
    misses.explain(1200, "not listed")
    summary = misses.summary()
    assert summary["planner"] == 1500
    assert len(summary["list"]) == 1000
    assert summary["list"][3]["cause"] == "busy"


def test_warm_up_is_counted_apart_and_nothing_is_left_out() -> None:
    made = rig(ticks=60, person=Voice({}), warmup_ticks=30)
    made.run()
    assert made.accounts._times._stages["tick"].count == 61 - 30
    assert made.accounts._warm_up._stages["tick"].count == 30
    first = made.accounts.summary()["warm_up"]
    assert first["ticks"] == 30
    assert set(first["stages_ms"]) == set(made.accounts.summary()["stages_ms"])


# What is seen of the robot.


def test_a_quiet_channel_is_not_a_stuck_one() -> None:
    rng = np.random.default_rng(0)
    still = Stillness(3, frozen_after=3, stuck_after=10)
    for tick in range(200):
        contact = float(tick // 40 % 2)
        assert still.see(np.array([rng.normal(), contact, rng.normal()]), "abc") == ""


def test_the_delay_is_believed_when_it_is_seen_three_times() -> None:
    from deploy.runtime.link.base import Observation

    flight = Flight()
    for period in range(6):
        flight.send(period, period, np.full(A, period, np.float32))
        seen = Observation(
            period + 1, 0, 0, np.zeros(S, np.float32), np.zeros(A, np.float32), period - 1
        )
        assert flight.hear(seen) == ""
        assert flight.delay == (1 if period >= 3 else 0)
    acting = flight.acting(5, 3, np.full(A, -1, np.float32))
    np.testing.assert_array_equal(acting[:, 0], [4, 5, 5])
    np.testing.assert_array_equal(Flight().acting(0, 1, np.ones(A)), np.ones((1, A)))


# People.


def test_a_terminal_is_listened_to_line_by_line() -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "r") as stream:
        terminal = Terminal(stream)
        assert terminal.present
        assert terminal.word() == ""
        os.write(ours, b"no\nARM \nst")
        words = {terminal.word() for _ in range(3)}
        assert "arm" in words
        os.write(ours, b"op\n")
        assert "stop" in {terminal.word() for _ in range(3)}
    os.close(ours)


def test_a_pipe_is_nobody() -> None:
    read, write = os.pipe()
    with os.fdopen(read) as stream:
        terminal = Terminal(stream)
        os.write(write, b"arm\n")
        assert not terminal.present
        assert terminal.word() == ""
    os.close(write)
    assert not Terminal(stream).present, "closed"


def test_the_view_shows_mode_reason_and_times() -> None:
    made = rig(lambda o: [] if o.sequence > 40 else [(0, o)], ticks=60, person=Voice({}))
    board = Board(limits(), made.accounts)
    made.session._sinks.append(board)
    made.run()
    _, ring = open_board(board.memory.descriptor)
    picture = ring.read(ring.head - 1)
    assert picture is not None
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    with console.file:
        console.print(picture_of(picture))
    text = console.export_text()
    assert "STOP" in text
    assert "none arrived" in text
    assert "50.0 of 50.0 Hz" in text
    assert "p99" in text


# What the operating system refuses.


def test_refusals_are_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    import gc

    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "sched_setscheduler", refuse, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    monkeypatch.setattr(hygiene, "_call", refuse)
    enabled = gc.isenabled()
    try:
        report = {item.name: item for item in hygiene.prepare(50, (0,))}
    finally:
        gc.unfreeze()
        if enabled:
            gc.enable()
    assert not report["scheduling"].granted
    assert report["scheduling"].detail == "refused: Operation not permitted"
    assert not report["cores"].granted
    assert not report["memory lock"].granted
    assert report["garbage collection"].granted


# Bad settings.


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"seconds": -1.0}, "seconds: -1.0 is not allowed"),
        ({"seconds": float("nan")}, "seconds: nan"),
        ({"priority": 100}, "priority: 100"),
        ({"lead": 2}, "lead: 2 is not allowed; allowed: 0 or 1"),
        ({"latency": 1}, "latency: 1 is not allowed; allowed: 0 without --deterministic"),
        ({"arm": True, "readonly": True}, "arm: with --readonly"),
        ({"iterations": -1}, "iterations: -1"),
        ({"seed": -1}, "seed: -1"),
    ],
)
def test_configurations_that_no_run_could_use(values: dict, words: str) -> None:
    with pytest.raises(DeployError, match=words):
        RunConfig(**values)


def test_modes_have_an_order() -> None:
    assert sorted(Mode, key=lambda mode: mode.rank) == list(Mode)


def test_accounts_of_an_empty_run() -> None:
    summary = Accounts(limits(), LoopSettings()).summary()
    assert summary["ticks"] == 0
    assert summary["return"] == 0
    assert replace(LoopSettings(), lead=1).lead == 1


# Bare loops.


@pytest.mark.parametrize("how", baseline.HOW)
def test_a_bare_loop_only_sleeps(how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read, write = os.pipe()
    monkeypatch.setattr(baseline, "prepare", lambda priority: [])
    closer = threading.Timer(0.5, os.close, [write])
    with os.fdopen(read) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        closer.start()
        found = baseline.bare_loop(how, 0.001, 0, warm_up=2)
    closer.join()
    assert found["ticks"] > 2
    assert found["rate"] > 0
    assert found["stages_ms"]["jitter"]["p50"] >= 0
    assert found["skipped"] == 0 or how == "deadlines"


def test_a_late_plan_explains_the_planners_miss_and_not_the_shields() -> None:
    accounts = Accounts(limits(), LoopSettings())
    late = {"due_ns": 0, "started_ns": 1, "stages": {"wake": 0.0, "write": 0.9}, "plans": ()}
    held = {"mode": Mode.HOLD, "reason": "plan: 2 control periods old", "plan_age": 2}
    accounts.take(log.tick(5, written_ns=10**9, plan_row=1, **late, **held))
    plan = log.plan(observation_sequence=5, late_s=0.1, plan_s=0.2, cpu_s=0.2)
    accounts.take(log.tick(6, plans=(plan,), stages={"wake": 0.0, "read": 0.0}))
    causes = {miss["who"]: miss["cause"] for miss in accounts.summary()["misses"]["list"]}
    assert causes["shield"] == "spent 900.0 ms in write"
    assert causes["planner"].startswith("100.0 ms late after 200.0 ms")


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
