"""The scenarios of a study: drawn once from its seed, the same for every setting."""

from __future__ import annotations

import numpy as np

from adaptive_control.suites import sample_training_perturbation, suites_of
from adaptive_control.tune.setting import Scenario
from robots import Robot, parse_perturbation

__all__ = ["held_out_scenarios", "training_scenarios"]

_STREAMS = {"search": 0, "final": 1, "foresight": 2}
"""Independent draws: the final must not reward a setting for its luck in the search."""


def training_scenarios(
    robot: Robot, count: int, steps: int, seed: int, purpose: str
) -> tuple[Scenario, ...]:
    """`count` robots under training perturbations that switch on in mid-episode.

    Args:
        robot: the robot.
        count: B.
        steps: T; the onset is drawn evenly from 20 % to 60 % of it.
        seed: of the study.
        purpose: `search`, `final`, or `foresight`, where the perturbation is there from the start.
    """
    rng = np.random.default_rng([seed, _STREAMS[purpose]])
    scenarios = []
    for _ in range(count):
        text = sample_training_perturbation(robot.spec.name, rng)
        onset = int(rng.integers(round(0.2 * steps), round(0.6 * steps) + 1)) * robot.spec.dt
        perturbation = parse_perturbation(text, robot.spec.name)
        if purpose != "foresight":
            perturbation = perturbation.with_schedule(round(onset, 6))
        scenarios.append(Scenario(str(perturbation), int(rng.integers(2**31))))
    return tuple(scenarios)


def held_out_scenarios(robot: Robot, steps: int, seeds: int, seed: int) -> tuple[Scenario, ...]:
    """Every test perturbation of the robot's suites, switched on half-way, `seeds` robots each.

    A test with times of its own that such an episode does not reach is left out: without its last
    part it is another perturbation, perhaps one that models were trained on.

    Args:
        robot: the robot.
        steps: T.
        seeds: robots for each perturbation.
        seed: of the study.
    """
    rng = np.random.default_rng([seed, 3])
    half_way, end = round(steps // 2 * robot.spec.dt, 6), steps * robot.spec.dt
    tests = (
        parse_perturbation(text, robot.spec.name).with_schedule(half_way)
        for suite in suites_of(robot.spec.name)
        for text in suite.test
    )
    return tuple(
        Scenario(str(test), int(rng.integers(2**31)))
        for test in tests
        if max(test.onsets, default=0.0) < end
        for _ in range(seeds)
    )
