"""A bundle against torch: one step, the change that adapting makes, and the action that is planned.

Adapting is compared on random weights too: beside a trained model's small steps a wrong gradient
could hide. Windows are empty, filled in part, and full. What rounding alone decides, in the plans
and in steps from random weights that explode, is told from what is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

import controllers
from adaptive_control.dynamics import Dynamics
from adaptive_control.dynamics.value import TerminalValue
from controllers import AdaptiveModel, GateConfig, MPCAgent, Planner, SamplingPlanner, planner_names
from controllers.registry import planner_class
from deploy.errors import DeployError
from deploy.export.exact import ExactModel
from deploy.export.graphs import AdaptGraph, StepGraph, prior_parameters
from deploy.export.reference import Transitions, exact_products, windows
from deploy.runtime.bundle import Bundle
from deploy.runtime.bundle.compare import (
    CHANGE_TOLERANCE,
    STEP_TOLERANCE,
    change_error,
    relative_error,
)
from robots import RobotSpec

__all__ = ["ACTION_TOLERANCE", "Verification", "verify_export"]

ACTION_TOLERANCE = 1e-4
"""Greatest difference of a planned action, relative to half its range."""

_DRAWS = 12
_WINDOWS = 6
"""Of random weights: the most draws, and how many windows are enough."""

RECORDED = ("observation", "action", "next_observation")

_TRIAL: dict[str, Any] = {"candidates": 64, "horizon": 6}
"""Size of the plans that are compared, for each planner but the manifest's own."""


@dataclass(frozen=True)
class Verification:
    """How far a bundle is from torch.

    Attributes:
        step: greatest relative error of a control step, and of the terminal value.
        change: greatest relative error of what adapting changes, on the model's own weights.
        random_change: the same on random weights; infinite if rounding decided all of them.
        action: greatest difference of a planned action, by planner, relative to half its range.
        rounding: what returns that are off by their rounding alone do to that action; where it is
            more than a quarter of the tolerance, the action may be off by four times as much.
    """

    step: float
    change: float
    random_change: float
    action: Mapping[str, float]
    rounding: Mapping[str, float]


def verify_export(
    bundle: Bundle, dynamics: Dynamics, spec: RobotSpec, value: TerminalValue | None = None
) -> Verification:
    """Compare a bundle with the model, and the terminal value, that it was made from.

    Raises:
        DeployError: it computes something else; says what and by how much.
    """
    transitions = Transitions(*(bundle.golden[f"recorded/{name}"] for name in RECORDED))
    with exact_products(), torch.no_grad():
        change = 0.0
        if dynamics.adapts:
            change = max(error for error, _ in _changes(bundle, dynamics, transitions, ()))
        random_change = _random_change(bundle, dynamics, transitions) if dynamics.adapts else 0.0
        actions = {
            planner.name: _action(bundle, dynamics, spec, value, transitions, planner)
            for planner in _planners(bundle)
        }
        step = _step(bundle, dynamics, spec, transitions)
        if value is not None:
            step = max(step, _value(bundle, spec, value, transitions))
        result = Verification(
            step=step,
            change=change,
            random_change=random_change,
            action={name: error for name, (error, _) in actions.items()},
            rounding={name: wobble for name, (_, wobble) in actions.items()},
        )
    _require(result)
    return result


def _require(result: Verification) -> None:
    limits = {
        "step": STEP_TOLERANCE,
        "change": CHANGE_TOLERANCE,
        "random_change": CHANGE_TOLERANCE,
    }
    for name, limit in limits.items():
        error = getattr(result, name)
        if not error <= limit:
            raise DeployError(f"export: {name} is off by {error:.2g}; allowed: {limit:g}")
    for planner, error in result.action.items():
        limit = max(ACTION_TOLERANCE, 4 * result.rounding[planner])
        if not error <= limit:
            raise DeployError(
                f"export: the action planned by {planner} is off by {error:.2g}; "
                f"allowed: {limit:.2g}"
            )


def _planners(bundle: Bundle) -> list[SamplingPlanner]:
    """The bundle's own planner, and every other one at a small size, with the terminal value."""
    own = bundle.manifest.planner
    others = [planner_class(name) for name in planner_names() if name != own.name]
    terminal = 0.0 if bundle.value is None else 1.0
    return [own, *(cls(**_TRIAL, terminal=terminal) for cls in others)]


def _value(
    bundle: Bundle, spec: RobotSpec, value: TerminalValue, transitions: Transitions
) -> float:
    """The terminal value of every recorded state, and of states all over the place."""
    observation, _, _ = transitions.tensors()
    generator = torch.Generator().manual_seed(0)
    spread = observation.std(0) * torch.randn(observation.shape, generator=generator)
    states = torch.cat([observation, observation + 2 * spread])
    found = bundle.model().value(states.numpy())
    return relative_error(found, value(states).numpy())


def _step(bundle: Bundle, dynamics: Dynamics, spec: RobotSpec, transitions: Transitions) -> float:
    """Steps from every recorded state, with random actions, the prior and adapted contexts."""
    graph, model = StepGraph(dynamics, spec), bundle.model()
    observation, _, _ = transitions.tensors()
    generator = torch.Generator().manual_seed(0)
    low, high = torch.from_numpy(spec.action_low), torch.from_numpy(spec.action_high)
    action = low + (high - low) * torch.rand(
        len(observation), spec.action_size, generator=generator
    )
    worst = 0.0
    for window in windows(transitions, bundle.manifest.window).values():
        context = model.adapt(_numpy_window(window))
        tensors = graph.context(tuple(map(torch.from_numpy, context)))
        expected = graph(observation, action, *tensors)
        found = model.step(context, observation.numpy(), action.numpy())
        for value, reference in zip(found, expected, strict=True):
            worst = max(worst, relative_error(value, reference.numpy()))
    return worst


def _changes(
    bundle: Bundle, dynamics: Dynamics, transitions: Transitions, prior: tuple[Tensor, ...]
) -> list[tuple[float, float]]:
    """For each window: the error of the adapted change, and what rounding alone does to it.

    An empty `prior` is the model's own.
    """
    names = prior_parameters(dynamics)
    graph = AdaptGraph(dynamics)
    given = {f"dynamics.{name}": value for name, value in zip(names, prior, strict=False)}
    model = bundle.model(tuple(value.numpy() for value in prior) if prior else None)
    start = model.prior_context(1)
    result = []
    for window in windows(transitions, bundle.manifest.window).values():
        *context, _, _, _ = torch.func.functional_call(graph, given, tuple(window))
        *shaken, _, _, _ = torch.func.functional_call(graph, given, _rounded(window))
        others = model.adapt(_numpy_window(window)), [value.numpy() for value in shaken]
        error, rounding = (
            max(
                change_error(value, reference.numpy(), before)
                for value, reference, before in zip(found, context, start, strict=True)
            )
            for found in others
        )
        result.append((error, rounding))
    return result


def _rounded(window: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """A window of which every number but the mask is off by about a unit in its last place."""
    *slots, mask = window
    generator = torch.Generator().manual_seed(0)
    unit = float(torch.finfo(torch.float32).eps)
    return *(v * (1 + unit * torch.randn(v.shape, generator=generator)) for v in slots), mask


def _random_change(bundle: Bundle, dynamics: Dynamics, transitions: Transitions) -> float:
    """The greatest error from random weights and on random data, of the size of what was recorded.

    Windows of which rounding alone moves the change by a quarter of the tolerance say nothing of
    the graph, and are not counted. They come about where random weights make a step so large that
    the features after it explode; weights therefore become smaller with every other draw.
    """
    counted: list[float] = []
    for seed in range(_DRAWS):
        found = _changes(bundle, dynamics, *_random(dynamics, transitions, seed))
        counted += [error for error, rounding in found[1:] if 4 * rounding <= CHANGE_TOLERANCE]
        if len(counted) >= _WINDOWS:
            return max(counted)
    return float("inf")


def _random(
    dynamics: Dynamics, transitions: Transitions, seed: int
) -> tuple[Transitions, tuple[Tensor, ...]]:
    rng = np.random.default_rng(seed)
    soiled = [
        value + rng.standard_normal(value.shape).astype(np.float32) * value.std(0)
        for value in (getattr(transitions, name) for name in RECORDED)
    ]
    parameters = dict(dynamics.named_parameters())
    prior = []
    for name in prior_parameters(dynamics):
        value = parameters[name].numpy()
        noise = rng.standard_normal(value.shape).astype(np.float32)
        prior.append(torch.from_numpy(noise * max(float(value.std()), 0.05) * 0.7 ** (seed // 2)))
    return Transitions(*soiled), tuple(prior)


def _action(
    bundle: Bundle, dynamics: Dynamics, spec: RobotSpec, value: TerminalValue | None,
    transitions: Transitions, planner: Planner,
) -> tuple[float, float]:  # fmt: skip
    """Plans from the same windows, from scratch: the error, and what rounding alone would do."""
    half = (spec.action_high - spec.action_low) / 2
    worst = wobble = 0.0
    for count in (0, bundle.manifest.window // 2, bundle.manifest.window + 1):
        model = bundle.model()
        exact = [ExactModel(dynamics, spec, value, seed) for seed in (0, 1, 2)]
        low, high = torch.from_numpy(spec.action_low), torch.from_numpy(spec.action_high)
        first, *disturbed = (
            _planned(_agent(bundle, planner, m, low, high, m.error), transitions, count)
            for m in exact
        )
        agent = _agent(bundle, planner, model, low.numpy(), high.numpy(), model.error)
        found = _planned(agent, transitions, count)
        worst = max(worst, float(np.abs((found - first) / half).max()))
        wobble = max(wobble, *(float(np.abs((other - first) / half).max()) for other in disturbed))
    return worst, wobble


def _agent(
    bundle: Bundle, planner: Planner, model: AdaptiveModel, low: Any, high: Any, error: Any
) -> MPCAgent:
    return MPCAgent(
        model, planner, action_low=low, action_high=high, error=error,
        observation_size=len(bundle.manifest.observation), window=bundle.manifest.window,
        gate=GateConfig(mode="open"),
    )  # fmt: skip


def _planned(agent: MPCAgent, transitions: Transitions, count: int) -> np.ndarray:
    """The action after `count` transitions."""
    for step in range(count):
        row = (getattr(transitions, name)[step : step + 1] for name in RECORDED)
        agent.observe(*row)
    return np.asarray(agent.act(transitions.observation[count : count + 1]).action)


def _numpy_window(window: tuple[Tensor, ...]) -> controllers.Window:
    return controllers.Window(*(value[None].numpy() for value in window))
