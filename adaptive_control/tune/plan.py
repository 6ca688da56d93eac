"""What a study is going to do and how long that will take, in words, before it begins."""

from __future__ import annotations

import time

from adaptive_control.suites import suites_of
from adaptive_control.threads import one_thread
from adaptive_control.training import LoadedModel
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.evaluate import drive
from adaptive_control.tune.latency import LatencyTable
from adaptive_control.tune.setting import Scenario, Setting
from robots import Robot

__all__ = ["CHECK_STEPS", "FINAL_ROBOTS", "plan_lines", "tick_lines", "trial_seconds"]

FINAL_ROBOTS = 2
"""The final has this many times the robots of a trial."""

CHECK_STEPS = 2
"""The check's episodes are this many times as long as a trial's."""

_FINALISTS = 10
_WINNERS = 4
"""About as many settings reach the final, and the check."""

_BUSY = 2.0
"""A tick's p99 over its median, beyond which the machine is not fit to be measured."""


def trial_seconds(
    model: LoadedModel, robot: Robot, setting: Setting, scenarios: tuple[Scenario, ...]
) -> float:
    """Time that one robot's control step costs on one core of this machine, planned in a batch [s].

    Args:
        model: what plans.
        robot: the robot.
        setting: of the size that trials are likely to have.
        scenarios: as many robots as a batch has.
    """
    times = []
    with one_thread():
        for steps in (2, 6):  # the second minus the first is without what is done only once
            start = time.perf_counter()
            drive(model, robot, setting, scenarios, steps)
            times.append(time.perf_counter() - start)
    spent = times[1] - times[0]
    return (spent / 4 if spent > 0 else times[1] / 6) / len(scenarios)


def plan_lines(config: TuneConfig, trial_s: float, workers: int) -> list[str]:
    """What will be done, and how long it will take.

    Args:
        config: what is asked for.
        trial_s: time of a trial of the default's size on one core [s].
        workers: trials that run at once.
    """
    trials = -(-config.trials // config.generation) * config.generation
    after = 2 * config.sweep + _FINALISTS * FINAL_ROBOTS
    if config.check:
        held_out = sum(len(suite.test) for suite in suites_of(config.robot))
        after += _WINNERS * held_out * config.check_seeds * CHECK_STEPS / config.robots
    minutes = trial_s / workers / 60
    search = f"{_minutes(minutes * trials)} for the search"
    if config.timeout is not None:
        search += f", which ends after {_minutes(config.timeout / 60)}"
    return [
        f"plan: {trials} settings on {config.robots} robots x {config.steps} steps (hopeless ones "
        f"on {config.first}), {workers} at a time; then sweep, final{' and check' * config.check}",
        f"plan: one of the default's size takes {trial_s:.2g} s on a core: {search}, "
        f"{_minutes(minutes * after)} for what follows",
    ]


def tick_lines(table: LatencyTable, default: Setting, share: float) -> list[str]:
    """What a tick may take, what the default takes, and whether that can be believed."""
    tick = table.tick(default)
    lines = [
        f"tick: at most {share * table.dt * 1e3:.3g} ms at p99, {share:.0%} of the period; the "
        f"default takes {tick.p99_ms:.3g} ms ({table.source})"
    ]
    if tick.p99_ms > _BUSY * tick.p50_ms:
        lines.append(
            f"tick: that is {tick.p99_ms / tick.p50_ms:.1f} times its median; a machine that is "
            "busy, or whose clock changes, refuses settings that it could run"
        )
    return lines


def _minutes(minutes: float) -> str:
    return "less than a minute" if minutes < 1 else f"{minutes:.0f} min"
