"""All suites: those of the catalogue, and those that other installed packages bring.

A package of your own names a sequence of suites in the entry point group `adaptive_control.suites`.
They are held to the rule that our tests hold ours to: no test perturbation lies in the union of the
train sides of its robot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from importlib.metadata import EntryPoint, entry_points

from adaptive_control.entry_points import loaded
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.suites.catalogue import SUITES, Suite
from adaptive_control.suites.held_out import held_out
from robots import RobotError

__all__ = ["SUITE_GROUP", "all_suites"]

SUITE_GROUP = "adaptive_control.suites"
"""The group of entry points under which a package names its suites."""


@cache
def all_suites() -> tuple[Suite, ...]:
    """Every suite, ours first.

    Raises:
        AdaptiveControlError: an installed package's suites cannot be used.
    """
    suites = list(SUITES)
    points = sorted(entry_points(group=SUITE_GROUP), key=lambda point: point.name)
    theirs = [(point, suite) for point in points for suite in _load(point)]
    for point, suite in theirs:
        if any((s.name, s.robot) == (suite.name, suite.robot) for s in suites):
            raise AdaptiveControlError(
                f"suite {suite.name}/{suite.robot} of {point.value} is there already; "
                "allowed: another name"
            )
        suites.append(suite)
    _check(suites, {suite.robot: point for point, suite in theirs})
    return tuple(suites)


def _load(point: EntryPoint) -> Sequence[Suite]:
    suites = loaded(point, "suites")
    if not isinstance(suites, Sequence) or not all(isinstance(suite, Suite) for suite in suites):
        raise AdaptiveControlError(f"suites: {point.value} is no sequence of Suite")
    return suites


def _check(suites: Sequence[Suite], brought: Mapping[str, EntryPoint]) -> None:
    """Hold all suites of the robots that an installed package brings suites for to the rule."""
    for suite in suites:
        if suite.robot not in brought:
            continue
        value = brought[suite.robot].value
        sides = [other.train for other in suites if other.robot == suite.robot]
        for text in suite.test:
            try:
                out = held_out(text, suite.robot, sides)
            except RobotError as error:
                raise AdaptiveControlError(f"suite {suite.name} of {value}: {error}") from error
            if not out:
                raise AdaptiveControlError(
                    f"suite {suite.name}/{suite.robot}: with {value} test={text} lies in a train "
                    "side of the robot; allowed: what no model of it can meet in training"
                )
