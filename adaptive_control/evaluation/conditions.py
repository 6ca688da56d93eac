"""Conditions: a test perturbation of a suite and when it strikes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.suites import Suite
from robots import get_robot, parse_perturbation
from robots.perturbations import Perturbations
from robots.perturbations.schedule import Schedule, first_step

__all__ = ["UNPERTURBED", "Condition", "conditions_of", "phases"]

UNPERTURBED = "none"

_LEAST_AFTER = 20
"""Control steps that must be left after the last switch; a recovery takes that long to be seen."""


@dataclass(frozen=True)
class Condition:
    """One way to run a robot.

    Attributes:
        suite: the suite's name; the unperturbed robot belongs to each suite.
        robot: the robot's name.
        test: the suite's test perturbation, or `none`.
        onset: `start` (there all the time), `mid` (switched on half-way), `own` (it has times of
            its own), `none` (nothing happens).
        perturbation: canonical text with all times.
        fault_step: first control step under the last change; None if nothing changes in between.
        scored_from: first control step that counts for the return: the fault of `mid`, else 0.
    """

    suite: str
    robot: str
    test: str
    onset: str
    perturbation: str
    fault_step: int | None
    scored_from: int


def conditions_of(
    suite: Suite, steps: int, first_tests: int = 0, from_start: bool = True
) -> tuple[Condition, ...]:
    """The conditions of a suite: the unperturbed robot, then each test.

    Args:
        suite: the suite.
        steps: T, control steps of an episode; faults of `mid` begin at T / 2.
        first_tests: how many of its tests; 0: all.
        from_start: run tests without times of their own also with the fault there all the time.

    Raises:
        AdaptiveControlError: the episodes are too short for a test's times, or the last of them
            is an end.
    """
    robot = get_robot(suite.robot)
    middle = steps // 2
    found = [Condition(suite.name, suite.robot, UNPERTURBED, "none", UNPERTURBED, None, 0)]
    for test in suite.test[: first_tests or None]:
        perturbation = parse_perturbation(test, robot)
        if perturbation.onsets:
            fault = _last_fault(suite, test, perturbation)
            if fault > steps - _LEAST_AFTER:
                raise AdaptiveControlError(
                    f"steps: {steps} of {robot.spec.dt:g} s are too few for {test} of suite "
                    f"{suite.name}; allowed: at least {fault + _LEAST_AFTER}"
                )
            text = str(perturbation)
            found.append(Condition(suite.name, suite.robot, test, "own", text, fault or None, 0))
            continue
        if from_start:
            text = str(perturbation)
            found.append(Condition(suite.name, suite.robot, test, "start", text, None, 0))
        text = str(perturbation.with_schedule(round(middle * robot.spec.dt, 6)))
        found.append(Condition(suite.name, suite.robot, test, "mid", text, middle, middle))
    return tuple(found)


def _last_fault(suite: Suite, test: str, perturbation: Perturbations) -> int:
    """The first control step under the last thing that switches on."""
    schedules = [member.schedule for member in perturbation.members]
    onset = max(schedule.onset or 0.0 for schedule in schedules)
    if any(schedule.end is not None and schedule.end > onset for schedule in schedules):
        raise AdaptiveControlError(
            f"test: {test} of suite {suite.name} ends on its own, and what follows would count as "
            "the fault; allowed: tests that last until something else switches on"
        )
    return first_step(onset, get_robot(suite.robot).spec.dt)


def phases(perturbation: str, robot: str, steps: int) -> tuple[tuple[int, str], ...]:
    """What acts when: the first control step of each phase, and its perturbation without times.

    `mass:2@5s` has the phases `(0, none)` and `(100, mass:2)` where a control step takes 0.05 s.

    Args:
        perturbation: text.
        robot: the robot's name.
        steps: T; later phases are left out.
    """
    dt = get_robot(robot).spec.dt
    parsed = parse_perturbation(perturbation, robot)
    starts = [0, *(step for step in parsed.switch_steps(dt) if step < steps)]
    return tuple((start, str(_timeless(parsed, parsed.active(start, dt)))) for start in starts)


def _timeless(perturbation: Perturbations, active: Sequence[int]) -> Perturbations:
    members = (perturbation.members[index].scheduled(Schedule()) for index in active)
    return Perturbations(tuple(members))
