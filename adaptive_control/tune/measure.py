"""Measuring how long adapting and planning take here: one robot, one thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
import torch

from adaptive_control.planning import make_agent
from adaptive_control.threads import one_thread
from adaptive_control.training import LoadedModel
from adaptive_control.training.report import Reporter
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.latency import (
    IterationCost,
    LatencyTable,
    Tick,
    ValueCost,
    read_profile,
)
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.space import Space
from adaptive_control.tune.store import Store
from controllers import Lookahead, MPCAgent, SamplingPlanner, make_planner
from robots import BatchSimulator, Robot

__all__ = [
    "AgentFactory", "Agents", "measure_table", "measure_ticks", "study_latencies", "torch_agents",
]  # fmt: skip

AgentFactory = Callable[[SamplingPlanner, int], MPCAgent]
"""`(planner, M) -> agent` for one robot, as it will run."""

Agents = Callable[[], tuple[AgentFactory, str]]
"""What is measured, and what it is, for people; made when first asked for."""

_TURNS = 12
"""What is measured takes turns: a second in which the machine is slow then falls on all alike."""
_WARM_UP = 2
_TICKS = 8
_SECONDS = 0.2
"""A turn of a cell of the table is this many ticks, or this long if that is shorter."""
_FEWEST = 3
"""Ticks of a turn that has no time for more."""


def torch_agents(model: LoadedModel, robot: Robot) -> AgentFactory:
    """Agents that compute in torch."""
    return lambda planner, window: make_agent(
        model.dynamics, robot.spec, planner, window=window, batch=1, seed=0, value=model.value
    )


def study_latencies(
    config: TuneConfig,
    store: Store,
    window: int,
    robot: Robot,
    space: Space,
    agents: Agents,
    reporter: Reporter,
) -> LatencyTable:
    """The table of a study; measured, or read from the profile, once.

    Args:
        config: says whether there is a profile.
        store: the study's folder, where the table is kept.
        window: M of the training.
        robot: the robot.
        space: what the table must cover.
        agents: what is measured.
        reporter: shown the progress.
    """
    if store.latency.is_file():
        return LatencyTable.load(store.latency)
    if config.profile:
        table = read_profile(config.profile, robot.spec.dt, window)
    else:

        def show(done: int, total: int) -> None:
            if done == 0:
                reporter.stage("latencies", total)
            reporter.progress(done, "")

        factory, source = agents()
        table = measure_table(factory, robot, space, window, source, show)
    table.save(store.latency)
    return table


def measure_table(
    agents: AgentFactory,
    robot: Robot,
    space: Space,
    window: int,
    source: str,
    watch: Callable[[int, int], None] = lambda done, total: None,
) -> LatencyTable:
    """Measure adapting, and one iteration of each kind of planner at the corners of the space.

    A few dozen ticks give a median, but no 99th percentile. How far the slowest ticks stand from
    their median is a property of the machine rather than of a size, so it is taken as a ratio from
    the ticks of all sizes together.

    Args:
        agents: makes what is measured.
        robot: the robot.
        space: what the table must cover.
        window: M.
        source: where the agents come from, for people.
        watch: told the cells done and their total.
    """
    grid = [
        (kind, n, h)
        for kind in space.planners
        for n in _spread(*space.candidates)
        for h in _spread(*space.horizon)
    ]
    adapting = []
    parts: list[list[np.ndarray]] = [[] for _ in grid]
    simulator = BatchSimulator(robot, ["none"], [0], threads=1)
    with one_thread():
        measured = [agents(_sized(*cell), window) for cell in grid]
        for turn in range(_TURNS):
            for index, agent in enumerate(measured):
                watch(turn * len(grid) + index, _TURNS * len(grid))
                adapt, plan = _ticks(agent, simulator)
                adapting.append(adapt)
                parts[index].append(plan)
        watch(_TURNS * len(grid), _TURNS * len(grid))
    planning = [np.concatenate(turns) for turns in parts]
    adapt_p50, adapt_p99 = _percentiles(np.concatenate(adapting))
    medians = [float(np.median(plan)) for plan in planning]
    ratios = np.concatenate([plan / m for plan, m in zip(planning, medians, strict=True)])
    late = float(np.percentile(ratios, 99))
    rows = tuple(
        IterationCost(candidates, horizon, 1e3 * middle, 1e3 * middle * late, planner=kind)
        for (kind, candidates, horizon), middle in zip(grid, medians, strict=True)
    )
    value = ()
    if space.terminal:
        with one_thread():
            value = _value_costs(measured[0], simulator.observation, _spread(*space.candidates))
    return LatencyTable(source, robot.spec.dt, adapt_p50, adapt_p99, window, rows, value)


def _value_costs(
    agent: MPCAgent, observation: np.ndarray, sizes: Sequence[int]
) -> tuple[ValueCost, ...]:
    """What the terminal value adds to a horizon of one step, in turns with and without."""
    context = agent.model.prior_context(1)
    start = _like(observation, agent)
    asked = (Lookahead(), Lookahead(terminal=1.0))
    taken: dict[tuple[int, Lookahead], list[float]] = {(n, a): [] for n in sizes for a in asked}
    for _ in range(_TURNS * _FEWEST):
        for (count, ahead), times in taken.items():
            actions = np.zeros((1, count, 1, agent.plan.mean.shape[2]), np.float32)
            begin = time.perf_counter()
            agent.model.returns(context, start, _like(actions, agent), ahead)
            times.append(1e3 * (time.perf_counter() - begin))
    medians = {key: float(np.median(times)) for key, times in taken.items()}
    without, added = asked
    return tuple(ValueCost(n, max(0.0, medians[n, added] - medians[n, without])) for n in sizes)


def measure_ticks(
    agents: AgentFactory, robot: Robot, settings: Iterable[Setting]
) -> dict[Setting, Tick]:  # fmt: skip
    """Whole ticks of settings, measured as such: what the table's predictions stand for."""
    chosen = list(settings)
    parts: list[list[np.ndarray]] = [[] for _ in chosen]
    simulator = BatchSimulator(robot, ["none"], [0], threads=1)
    with one_thread():
        measured = [agents(setting.parsed, setting.window) for setting in chosen]
        for _ in range(_TURNS):
            for agent, turns in zip(measured, parts, strict=True):
                adapt, plan = _ticks(agent, simulator, ticks=3 * _TICKS, seconds=1.0)
                turns.append(adapt + plan)
    ticks = (Tick(*_percentiles(np.concatenate(turns))) for turns in parts)
    return dict(zip(chosen, ticks, strict=True))


def _ticks(
    agent: MPCAgent, simulator: BatchSimulator, ticks: int = _TICKS, seconds: float = _SECONDS
) -> tuple[np.ndarray, np.ndarray]:
    """Times to adapt and to plan [s] on a robot that runs; the first ticks are warm-up."""
    observation = simulator.observation
    adapt, plan = [], []
    start = time.perf_counter()
    for tick in range(_WARM_UP + ticks):
        agent.prepare()  # as beside a robot, while the observation is awaited
        decision = agent.act(_like(observation, agent))
        action = np.asarray(decision.action, dtype=np.float32)
        outcome = simulator.step(action)
        triple = (observation, action, outcome.observation)
        agent.observe(*(_like(value, agent) for value in triple))
        observation = outcome.observation
        if tick >= _WARM_UP:
            adapt.append(decision.adapt_s)
            plan.append(decision.plan_s)
            if time.perf_counter() - start > seconds and len(plan) >= _FEWEST:
                break
    return np.asarray(adapt), np.asarray(plan)


def _like(value: np.ndarray, agent: MPCAgent) -> Any:
    """`value` as the agent's own kind of array."""
    return torch.from_numpy(value) if isinstance(agent.plan.mean, torch.Tensor) else value


def _percentiles(seconds: np.ndarray) -> tuple[float, float]:
    """Median and 99th percentile [ms]."""
    middle, late = np.percentile(seconds, (50, 99)) * 1e3
    return float(middle), float(late)


def _spread(low: int, high: int) -> Sequence[int]:
    """Both ends and the geometric middle."""
    return sorted({low, round((low * high) ** 0.5), high})


def _sized(kind: str, candidates: int, horizon: int) -> SamplingPlanner:
    """A planner of that size with one iteration, whatever its default elites are."""
    sizes: dict[str, Any] = {"candidates": candidates, "horizon": horizon, "iterations": 1}
    if kind in ("cem", "icem"):
        sizes["elites"] = min(candidates, 20)
    if kind == "icem":
        sizes["keep"] = min(6, sizes["elites"], candidates - 1)
    return make_planner(kind, **sizes)
