"""Settings that look fine and are not: what a person would want to be told about a planner."""

from __future__ import annotations

from statistics import NormalDist

import numpy as np

from adaptive_control.tune.foresight import Foresight
from adaptive_control.tune.latency import LatencyTable
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.space import Space
from robots import BatchSimulator, Robot

__all__ = ["response_steps", "traps"]

_WATCHED_S = 1.0
_FELT = 0.63
"""Share of all that a command changes: one time constant of a first-order lag."""


def traps(
    setting: Setting,
    table: LatencyTable,
    limit_ms: float,
    response: int,
    foresight: Foresight | None,
    space: Space | None,
) -> list[str]:
    """Warnings about a setting, one line each.

    Args:
        setting: the setting.
        table: latencies.
        limit_ms: what a tick may take at p99 [ms].
        response: control steps that the robot takes to respond, see `response_steps`.
        foresight: how far the model sees; None if that was not measured.
        space: what was searched; None for a setting that was not found by searching.
    """
    planner = setting.parsed
    found = []
    reach = getattr(planner, "std", None)
    if reach is not None:
        # The greatest of N normal numbers is about the quantile 1 - 1/N.
        greatest = NormalDist().inv_cdf(1 - 1 / planner.candidates)
        if reach * greatest < 1:
            found.append(
                f"noise: std={reach:g} with {planner.candidates} candidates reaches "
                f"{reach * greatest:.0%} of the action limits from the middle; "
                f"from std={1 / greatest:.2g} on it reaches them"
            )
    if planner.horizon < response and not planner.terminal:
        found.append(
            f"horizon: {planner.horizon} steps are fewer than the {response} that the robot takes "
            "to feel a command in its reward; the plan is over before it shows"
        )
    fitting = table.fitting(setting, limit_ms)
    if planner.iterations > fitting:
        found.append(
            f"iterations: {planner.iterations} of {planner.candidates} x {planner.horizon} do not "
            f"end within {limit_ms:.3g} ms at p99; {fitting} do ({table.source})"
        )
    sees = foresight.sees if foresight else None
    if sees is not None and planner.horizon > sees:
        found.append(
            f"horizon: {planner.horizon} steps are more than the {sees} over which the adapted "
            "model predicts better than the average state does"
        )
    if space is not None:
        found += [f"edge: {words}; better ones may lie beyond" for words in space.edges(setting)]
        if setting.window > space.trained:
            found.append(
                f"window: {setting.window} is more than the {space.trained} that the model was "
                "trained to adapt from"
            )
    return found


def response_steps(robot: Robot) -> int:
    """Control steps until the reward has felt a command.

    From rest, each motor in turn is given its full command for one control step; beside them stands
    a robot whose motors stay in the middle. The command has been felt when 63 % of what it changes
    in the reward within a second has come about, the absolute differences added up; the robot has
    responded when that holds for half of its motors.
    """
    spec = robot.spec
    size = spec.action_size
    middle = np.tile((spec.action_low + spec.action_high) / 2, (size + 1, 1)).astype(np.float32)
    pulse = middle.copy()
    pulse[np.arange(size), np.arange(size)] = spec.action_high
    simulator = BatchSimulator(robot, ["none"] * (size + 1), [0] * (size + 1), threads=1)
    steps = round(_WATCHED_S / spec.dt)
    rewards = np.stack([simulator.step(middle if i else pulse).reward for i in range(steps)])
    felt = np.abs(rewards[:, :size] - rewards[:, size:]).cumsum(axis=0)
    return int(np.median((felt >= _FELT * felt[-1]).argmax(axis=0) + 1))
