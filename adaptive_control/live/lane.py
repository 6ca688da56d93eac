"""One robot on the page: a simulator, the agent that plans for it, and what both have to show."""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adaptive_control.dynamics import Dynamics
from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.dynamics.window import Context
from adaptive_control.live.shapes import Poser
from adaptive_control.live.snapshot import Foresight, RobotView
from adaptive_control.planning import PlanningModel, make_agent
from adaptive_control.training import LoadedModel
from controllers import Lookahead, MPCAgent, SamplingPlanner
from robots import Robot, RobotSpec, Simulator

__all__ = ["Lane"]

_MEMORY = 64  # transitions remembered, the longest window that the page offers
_SHOWN_ELITES, _SHOWN_OTHERS = 6, 12


class _Tap(PlanningModel):
    """Remembers what was scored last."""

    def __init__(self, dynamics: Dynamics, spec: RobotSpec, value: TerminalValue | None):
        super().__init__(dynamics, spec, value)
        self.scored: tuple[Context, Tensor, Tensor, Tensor] | None = None

    def returns(
        self,
        context: Context,
        observation: Tensor,
        actions: Tensor,
        lookahead: Lookahead = Lookahead(),  # noqa: B008 - frozen
    ) -> Tensor:
        promised = super().returns(context, observation, actions, lookahead)
        self.scored = (context, observation, actions, promised)
        return promised


class Lane:
    """A simulated robot and its agent, one control step at a time.

    Args:
        robot: the robot.
        model: plans.
        planner: settings of the planner.
        window: M.
        perturbation: text.
        seed: of start state and planning noise.
    """

    def __init__(
        self,
        robot: Robot,
        model: LoadedModel,
        planner: SamplingPlanner,
        window: int,
        perturbation: str,
        seed: int,
    ):
        self.simulator = Simulator(robot, perturbation, seed)
        self.planner, self.window = planner, window
        self.model, self._seed = model, seed
        self._past: deque[tuple[np.ndarray, np.ndarray, np.ndarray]] = deque(maxlen=_MEMORY)
        self._poser = Poser()
        self.reset()

    def reset(self) -> None:
        """Start a new episode from the same start state, with nothing remembered."""
        self.simulator.reset(self._seed)
        self._past.clear()
        self._agent, self._tap = self._new_agent()
        self._figures: dict[str, Any] = {}

    def use(
        self,
        *,
        planner: SamplingPlanner | None = None,
        window: int | None = None,
        model: LoadedModel | None = None,
    ) -> None:
        """Go on with other settings; the transitions of the past are remembered."""
        self.planner = planner or self.planner
        self.window = window or self.window
        self.model = model or self.model
        self._agent, self._tap = self._new_agent()
        for transition in list(self._past)[-self.window :]:
            self._agent.observe(*(torch.from_numpy(part[None]) for part in transition))

    def step(self) -> None:
        """Decide and act, for one control period."""
        observation = self.simulator.observation.copy()
        before = self.simulator.position.copy()
        decision = self._agent.act(torch.from_numpy(observation[None]))
        action = decision.action[0].numpy().astype(np.float32)
        outcome = self.simulator.step(action)
        after = outcome.observation.copy()
        self._past.append((observation, action, after))
        self._agent.observe(
            *(torch.from_numpy(part[None]) for part in (observation, action, after))
        )
        moved = self.simulator.position[0] - before[0]
        self._figures = {
            "speed": float(moved / self.simulator.robot.spec.dt),
            "error_before": float(decision.prior_error[0]),
            "error_after": float(decision.adapted_error[0]),
            "gate_open": bool(decision.gate_open[0]),
            "adapt_s": decision.adapt_s,
            "plan_s": decision.plan_s,
            "fallen": bool(outcome.fallen),
            "foresight": self._foresight(before),
        }

    def view(self) -> RobotView:
        """What there is to show now."""
        simulator = self.simulator
        shapes = self._poser.pose(simulator.model, simulator.data.qpos, simulator.data)
        figures = self._figures or {"speed": 0.0}
        return RobotView(
            label=self.model.kind, shapes=shapes, position=simulator.position.copy(), **figures
        )

    def _new_agent(self) -> tuple[MPCAgent, _Tap]:
        spec = self.simulator.robot.spec
        agent = make_agent(
            self.model.dynamics, spec, self.planner,
            window=self.window, batch=1, seed=self._seed, value=self.model.value,
        )  # fmt: skip
        tap = _Tap(self.model.dynamics, spec, self.model.value)
        agent.model = tap
        return agent, tap

    def _foresight(self, origin: np.ndarray) -> Foresight | None:
        if self._tap.scored is None:
            return None
        context, observation, actions, returns = self._tap.scored
        order = torch.argsort(torch.nan_to_num(returns[0], nan=-torch.inf), descending=True)
        elites = order[:_SHOWN_ELITES]
        others = order[_SHOWN_ELITES :: max(1, len(order) // _SHOWN_OTHERS)][:_SHOWN_OTHERS]
        chosen = actions[:, torch.cat([elites, others])]
        return Foresight(
            self.model.dynamics,
            self.simulator.robot.spec,
            context,
            observation,
            torch.cat([self._agent.plan.mean[:, None], chosen], dim=1),
            len(elites),
            origin,
        )
