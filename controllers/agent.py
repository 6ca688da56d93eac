"""The MPC agent: adapt, gate, plan, act - one control step after another, for B robots at once.

    observe   the newest transition is predicted by the prior and by the adapted context (neither
              has seen it), the gate takes in both errors, then the transition enters the window
    act       adapt from the window -> gate: adapted or prior context -> shift the last plan
              -> improve it -> execute its first action

Numpy or torch, as the limits are. Same seed, same observations: same actions.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from array_api_compat import array_namespace

from controllers.arrays import Array, as_array, choose, finite_rows, like, wait_for
from controllers.decision import Decision
from controllers.errors import require
from controllers.gate import (
    GateConfig,
    GateState,
    gate_open,
    reset_gate,
    select_context,
    start_gate,
    update_gate,
)
from controllers.model import AdaptiveModel, Context
from controllers.noise import NoiseSource
from controllers.plan import Plan, choose_plan
from controllers.planner import Planner
from controllers.window import Window, append, clear, empty_window

__all__ = ["MPCAgent", "mean_squared_error"]

PredictionError = Callable[[Array, Array], Array]
"""`(predicted [B, S], observed [B, S]) -> [B]`, a squared error without unit."""


def mean_squared_error(predicted: Array, observed: Array) -> Array:
    """Plain mean squared error over the fields, `[B]`: only for fields of like size."""
    return array_namespace(predicted).mean((predicted - observed) ** 2, axis=1)


class MPCAgent:
    """Model predictive control with a model that adapts.

    Args:
        model: predicts, adapts and scores; see `AdaptiveModel`.
        planner: settings of the planner.
        action_low: `[A]`, lower limits. Namespace, type and device of all the agent computes.
        action_high: `[A]`, upper limits.
        observation_size: S.
        window: M, transitions to adapt from.
        batch: B, robots controlled side by side.
        gate: when to trust adaptation.
        seed: seed of the planner's noise; one a robot, or one from which each robot gets
            `seed + its number`.
        error: how far a prediction is off; should normalise the fields and wrap angles.
    """

    def __init__(
        self,
        model: AdaptiveModel,
        planner: Planner,
        *,
        action_low: Array,
        action_high: Array,
        observation_size: int,
        window: int = 16,
        batch: int = 1,
        gate: GateConfig | None = None,
        seed: int | Sequence[int] = 0,
        error: PredictionError = mean_squared_error,
    ) -> None:
        seeds = tuple(range(seed, seed + batch)) if isinstance(seed, int) else tuple(seed)
        require(len(seeds) == batch, "seed", seeds, f"one for each of {batch} robots")
        self.model = model
        self.planner = planner
        self.gate_config = GateConfig() if gate is None else gate
        self._error = error
        self._noise = NoiseSource(seeds)
        self._noise_shape = planner.noise_shape(batch, action_low.shape[0])
        self._xp = array_namespace(action_low, action_high)
        self._batch = batch

        self._fresh: Plan = planner.start(batch, action_low, action_high)
        self._plan = self._fresh
        self._prior: Context = model.prior_context(batch)
        self._adapted = self._prior
        self._window = empty_window(
            batch, window, observation_size, action_low.shape[0], action_low
        )
        self._gate = start_gate(batch, action_low)
        self._no_error = self._xp.full_like(self._gate.count, self._xp.nan)
        self._errors = (self._no_error, self._no_error)

    @property
    def adapts(self) -> bool:
        """Whether the model adapts at all: a model without context costs nothing extra."""
        return len(self._prior) > 0

    @property
    def window(self) -> Window:
        """The transitions that the agent adapts from."""
        return self._window

    @property
    def gate(self) -> GateState:
        """What the gate remembers."""
        return self._gate

    @property
    def plan(self) -> Plan:
        """The newest plan."""
        return self._plan

    def reset(
        self, robots: Sequence[int] | None = None, seeds: Sequence[int] | None = None
    ) -> None:
        """Forget window, gate, adapted context and plan.

        Args:
            robots: numbers of the robots to reset; default all.
            seeds: new seeds for the noise of these robots; default: their streams go on.
        """
        chosen = range(self._batch) if robots is None else robots
        for robot in chosen:
            known = 0 <= robot < self._batch
            require(known, "robots", robot, f"0 to {self._batch - 1}")
        if seeds is not None:
            for robot, seed in zip(chosen, seeds, strict=True):
                self._noise.reseed(robot, seed)
        picked = set(chosen)
        flags = [robot in picked for robot in range(self._batch)]
        which = as_array(flags, self._gate.count)
        self._window = clear(self._window, which)
        self._gate = reset_gate(self._gate, which)
        self._plan = choose_plan(which, self._fresh, self._plan)
        self._adapted = select_context(which, self._prior, self._adapted)
        prior_error, adapted_error = self._errors
        self._errors = (
            choose(which, self._no_error, prior_error),
            choose(which, self._no_error, adapted_error),
        )

    def observe(
        self,
        observation: Array,
        action: Array,
        next_observation: Array,
        valid: Array | None = None,
    ) -> None:
        """Take in the transition of the last control step.

        Args:
            observation: `[B, S]`.
            action: `[B, A]`, the action that was *applied*, which may not be the one decided.
            next_observation: `[B, S]`.
            valid: `[B]` bool, robots whose transition counts; default all. False after a reset,
                a missed step, or a step in which the action was held.
        """
        reference = self._gate.count
        observation = like(observation, reference)
        action = like(action, reference)
        next_observation = like(next_observation, reference)
        usable = finite_rows(observation, action, next_observation)
        if valid is not None:
            usable = usable & as_array(valid, reference)

        prior_error = self._error_of(self._prior, observation, action, next_observation)
        adapted_error = prior_error
        if self.adapts:
            adapted_error = self._error_of(self._adapted, observation, action, next_observation)
            self._gate = update_gate(
                self.gate_config, self._gate, prior_error, adapted_error, usable
            )
            self._window = append(self._window, observation, action, next_observation, usable)
        self._errors = (
            choose(usable, prior_error, self._no_error),
            choose(usable, adapted_error, self._no_error),
        )

    def act(
        self,
        observation: Array,
        iterations: int | None = None,
        *,
        until: Callable[[], bool] | None = None,
        in_flight: Array | None = None,
        shifts: int = 1,
        adapt: bool = True,
    ) -> Decision:
        """Adapt, plan and decide.

        Args:
            observation: `[B, S]`, the newest.
            iterations: iterations of the planner; default as the planner's settings say.
            until: asked after each iteration whether the time is up; there is at least one.
            in_flight: `[D, B, A]`, commands that will act before the first action of the plan, the
                next one first: the plan begins where they lead.
            shifts: control steps that the last plan is older than this one.
            adapt: False: plan with the prior, as if the gate were closed.
        """
        observation = like(observation, self._gate.count)
        count = self.planner.iterations if iterations is None else iterations
        require(count >= 1, "iterations", count, "integers from 1")
        require(shifts >= 0, "shifts", shifts, "integers from 0")
        start = time.perf_counter()
        context, is_open = self._adapt(adapt)
        if self.adapts:
            wait_for(context[-1])
        adapted = time.perf_counter()
        observation, later = self._ahead(context, observation, in_flight)
        predicted = time.perf_counter()
        done = self._improve(later, observation, count, shifts, until)
        wait_for(self._plan.mean)
        planned = time.perf_counter()
        prior_error, adapted_error = self._errors
        return Decision(
            action=self._plan.action,
            gate_open=is_open,
            prior_error=prior_error,
            adapted_error=adapted_error,
            returns=self._plan.returns,
            adapt_s=adapted - start,
            plan_s=planned - predicted,
            predict_s=predicted - adapted,
            iterations=done,
        )

    def prepare(self, iterations: int | None = None) -> None:
        """Draw the noise of the next `act` now, while nothing else is due; changes no number."""
        count = self.planner.iterations if iterations is None else iterations
        self._noise.prepare(self._noise_shape, self._plan.mean, count)

    def forget(self) -> None:
        """Empty window and gate, because what they hold cannot be trusted; the plan stays."""
        everyone = self._gate.count >= 0
        self._window = clear(self._window, everyone)
        self._gate = reset_gate(self._gate, everyone)
        self._adapted = self._prior
        self._errors = (self._no_error, self._no_error)

    def _adapt(self, wanted: bool) -> tuple[Context, Array]:
        """The context to plan with, and for which robots `[B]` it is the adapted one."""
        if not self.adapts or not wanted:
            return self._prior, self._xp.zeros_like(self._gate.count, dtype=self._xp.bool)
        self._adapted = self.model.adapt(self._window)
        is_open = gate_open(self.gate_config, self._gate, finite_rows(*self._adapted))
        return select_context(is_open, self._adapted, self._prior), is_open

    def _ahead(
        self, context: Context, observation: Array, in_flight: Array | None
    ) -> tuple[Array, Context]:
        """Observation `[B, S]` and context after the commands in flight `[D, B, A]`."""
        if in_flight is not None:
            commands = like(in_flight, observation)
            for step in range(commands.shape[0]):
                rows, context = self.model.predict(
                    context, observation[:, None], commands[step][:, None]
                )
                observation = rows[:, 0]
        return observation, context

    def _improve(
        self,
        context: Context,
        observation: Array,
        iterations: int,
        shifts: int,
        until: Callable[[], bool] | None,
    ) -> int:
        """Shift the last plan and improve it; returns how often."""

        def score(actions: Array) -> Array:
            return self.model.returns(context, observation, actions, self.planner.lookahead)

        plan = self._plan
        for _ in range(min(shifts, plan.mean.shape[1])):
            plan = self.planner.shift(plan)
        done = 0
        while done < iterations:
            noise = self._noise.draw(self._noise_shape, plan.mean)
            plan = self.planner.improve(plan, score, noise)
            done += 1
            if until is not None and until():
                break
        self._plan = plan
        return done

    def _error_of(
        self, context: Context, observation: Array, action: Array, next_observation: Array
    ) -> Array:
        """Squared error `[B]` of the prediction with `context`."""
        predicted, _ = self.model.predict(context, observation[:, None], action[:, None])
        return self._error(predicted[:, 0], next_observation)
