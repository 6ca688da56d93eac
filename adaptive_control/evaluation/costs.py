"""What cells are likely to cost, in seconds of one core, so that a plan can be judged beforehand.

Rates are those of one core of a present-day server. They are starting points: while a run goes on,
what its cells really took is put in their place.
"""

from __future__ import annotations

from controllers import SamplingPlanner

__all__ = ["collecting", "episodes", "fitting", "simulating"]

_MODEL_STEPS = 1.0e6
"""Candidate steps that a model of two hidden layers of 200 predicts in a second."""
_SLOWER = {"pets": 8.0}
"""How many times as long as one network's a prediction takes, where it asks several."""
_SIMULATOR_STEPS = {"half-cheetah": 4.0e4, "ant": 5.7e3, "a1": 4.0e3}
"""Candidate control steps that the true simulator makes in a second."""
_OTHER_SIMULATOR_STEPS = 1.0e4
_UPDATES = {
    "mb": 200.0, "grbal": 27.0, "grbal-fo": 45.0, "reptile": 38.0, "gbml": 23.0, "rebal": 65.0,
    "pets": 70.0, "cadm": 70.0, "last-layer": 80.0, "hybrid": 50.0, "combined": 18.0,
}  # fmt: skip
"""Meta-updates in a second, two hidden layers of 200."""
_OTHER_UPDATES = 40.0
_START = 2.0
"""A cell's overhead: loading, first steps, model errors [s]."""


def _candidate_steps(planner: SamplingPlanner, robot_steps: int) -> float:
    steps = planner.lookahead.model_steps(planner.candidates, planner.horizon)
    return float(robot_steps) * steps * planner.iterations


def episodes(method: str, planner: SamplingPlanner, robot_steps: int) -> float:
    """Of running robots on a model, `robot_steps` control steps of all robots together [s]."""
    steps = _candidate_steps(planner, robot_steps) * _SLOWER.get(method, 1.0)
    return _START + steps / _MODEL_STEPS


def simulating(robot: str, planner: SamplingPlanner, robot_steps: int) -> float:
    """Of running robots on the true simulator [s]."""
    rate = _SIMULATOR_STEPS.get(robot, _OTHER_SIMULATOR_STEPS)
    return _START + _candidate_steps(planner, robot_steps) / rate


def fitting(method: str, updates: int) -> float:
    """Of a fit [s]."""
    return _START + updates / _UPDATES.get(method, _OTHER_UPDATES)


def collecting(
    method: str, planner: SamplingPlanner, robot_steps: int, rounds: int, updates: int
) -> float:
    """Of rounds of fitting and collecting, `robot_steps` control steps in each round [s]."""
    fits = fitting(method, updates * (rounds + 1))  # the first is twice as long
    return fits + rounds * episodes(method, planner, robot_steps)
