"""Where a model, a robot and a planner meet: the torch side of the MPC agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch
from torch import Tensor

import controllers
from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.rollout import returns
from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.dynamics.window import Context, Window
from controllers import GateConfig, Lookahead, MPCAgent, Planner, PlannerError
from robots import RobotSpec

__all__ = ["PlanningModel", "checked_terminal", "fast_products", "layout_of", "make_agent"]


def layout_of(spec: RobotSpec) -> FeatureLayout:
    """What a model needs to know of the robot's fields."""
    return FeatureLayout(
        encodings=tuple(field.encoding for field in spec.observation),
        targets=tuple(field.target for field in spec.observation),
        wraps=tuple(field.wraps for field in spec.observation),
        action_size=spec.action_size,
    )


def checked_terminal(planner: Planner, value: object) -> None:
    """Refuse a planner that asks for a terminal value that the model has not.

    Raises:
        PlannerError: says what is allowed.
    """
    asking = planner.lookahead.asks_for_value
    if asking and value is None:
        raise PlannerError(
            f"{asking} is not allowed; allowed: 0, as the model has no "
            "terminal value (`train` fits one; without, plan with --planner cem)"
        )


@contextmanager
def fast_products() -> Iterator[None]:
    """Matrix products as fast as the machine can, at up to bfloat16's rounding.

    Ranking candidates needs no more, and it doubles the planning rate on some processors; the
    setting is global in torch, so it is put back for everything else.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


class PlanningModel:
    """A dynamics model and a reward, as the agent asks for them (`controllers.AdaptiveModel`)."""

    def __init__(self, dynamics: Dynamics, spec: RobotSpec, value: TerminalValue | None = None):
        self._dynamics, self._spec, self._value = dynamics, spec, value

    def prior_context(self, batch: int) -> Context:
        """The context without adaptation."""
        return tuple(value.detach() for value in self._dynamics.prior_context(batch))

    @torch.no_grad()
    def adapt(self, window: controllers.Window) -> Context:
        """The context that the window asks for."""
        return self._dynamics.adapt(Window(*window))

    @torch.no_grad()
    def predict(
        self, context: Context, observation: Tensor, action: Tensor
    ) -> tuple[Tensor, Context]:
        """One control step ahead."""
        return self._dynamics.predict(context, observation, action)

    @torch.no_grad()
    def returns(
        self,
        context: Context,
        observation: Tensor,
        actions: Tensor,
        lookahead: Lookahead = Lookahead(),  # noqa: B008 - frozen
    ) -> Tensor:
        """The return of each candidate, `[B, N]`."""
        with fast_products():
            return returns(
                self._dynamics,
                self._spec.reward,
                context,
                observation,
                actions,
                caution=self._spec.caution,
                charged=lookahead.caution,
                value=self._value,
                terminal=lookahead.terminal,
                drops=lookahead.drops(*actions.shape[1:3]),
            )

    def error(self, predicted: Tensor, observed: Tensor) -> Tensor:
        """Squared prediction error `[B]`, in units of the targets' variance."""
        difference = self._dynamics.features.wrap(predicted - observed)
        return ((difference / self._dynamics.target_normalizer.scale) ** 2).mean(-1)


def make_agent(
    dynamics: Dynamics,
    spec: RobotSpec,
    planner: Planner,
    *,
    window: int,
    batch: int,
    seed: int | Sequence[int],
    gate: GateConfig | None = None,
    value: TerminalValue | None = None,
) -> MPCAgent:
    """The agent that plans for `batch` robots with `dynamics`; all of it in torch.

    Raises:
        PlannerError: the planner asks for a terminal value, and none is given.
    """
    checked_terminal(planner, value)
    model = PlanningModel(dynamics, spec, value)
    device = dynamics.target_normalizer.mean.device
    return MPCAgent(
        model,
        planner,
        action_low=torch.from_numpy(spec.action_low).to(device),
        action_high=torch.from_numpy(spec.action_high).to(device),
        observation_size=spec.observation_size,
        window=window,
        batch=batch,
        gate=gate,
        seed=seed,
        error=model.error,
    )
