"""The planner's side of a tick: learn from the transitions, adapt, look ahead, plan.

The same code runs in its own process beside a robot and inside the loop in a deterministic run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from deploy.runtime.loop.adaptation import SoundModel
from deploy.runtime.loop.clock import Clock
from deploy.runtime.loop.messages import PlannerTask
from deploy.runtime.loop.record import PlanRecord

__all__ = ["Agent", "PlannerCore"]

SPARE = 2
"""Iterations prepared beyond those of the last plan: the next may have time for more."""


class Agent(Protocol):
    """What the planner asks of `controllers.MPCAgent`, for one robot (B = 1)."""

    model: Any

    @property
    def plan(self) -> Any:
        """The newest plan; its `sequence` [1, H, A] is what shall be done."""
        ...

    @property
    def window(self) -> Any:
        """The transitions to adapt from."""
        ...

    def reset(self, robots: Any = None, seeds: Any = None) -> None:
        """Forget everything."""
        ...

    def forget(self) -> None:
        """Forget what was learned, keep the plan."""
        ...

    def observe(
        self, observation: Any, action: Any, next_observation: Any, valid: Any = None
    ) -> None:
        """Take in a transition."""
        ...

    def act(
        self,
        observation: Any,
        iterations: int | None = None,
        *,
        until: Callable[[], bool] | None = None,
        in_flight: Any = None,
        shifts: int = 1,
        adapt: bool = True,
    ) -> Any:
        """Adapt and plan."""
        ...

    def prepare(self, iterations: int | None = None) -> None:
        """Do what the next `act` needs no observation for."""
        ...


class PlannerCore:
    """Turns tasks into plans.

    Args:
        agent: for one robot.
        clock: that the deadlines are counted by.
        seed: of the planner's noise, at the start of each epoch.
        iterations: most iterations a plan; 0: the planner's own.
        timed: False: always that many iterations, whatever the deadline.
    """

    def __init__(
        self, agent: Agent, clock: Clock, *, seed: int = 0, iterations: int = 0, timed: bool = True
    ) -> None:
        self._agent, self._clock = agent, clock
        self._model = SoundModel(agent.model)
        agent.model = self._model
        self._seed, self._iterations, self._timed = seed, iterations or None, timed
        self._epoch = -1
        self._last: PlannerTask | None = None
        self._first: int | None = None
        self._frozen = False
        self._plans = 0
        self._used, self._ready = 0, 0
        """Iterations of the last plan, and how many of the next are prepared."""

    # Numbers beyond all bounds are found by what judges them; a warning would help nobody.

    @np.errstate(all="ignore")
    def learn(self, task: PlannerTask) -> None:
        """Take in one observation; tasks come in the order in which they were posted."""
        if task.epoch != self._epoch:
            self._epoch = task.epoch
            self._agent.reset(seeds=[self._seed])
            self._model.forget()
            self._last, self._first, self._frozen = None, None, False
        if task.frozen and not self._frozen:
            self._agent.forget()
        self._frozen = task.frozen
        last, self._last = self._last, task
        follows = last is not None and task.sequence == last.sequence + 1
        if last is not None and follows and task.transition and not task.frozen:
            self._agent.observe(last.observation[None], task.applied[None], task.observation[None])

    @np.errstate(all="ignore")
    def plan(self, task: PlannerTask, iterations: int | None = None) -> PlanRecord:
        """Plan from the task learned last.

        Args:
            task: that one.
            iterations: exactly this many, for a replay; None: as many as there is time for.
        """
        timed = self._timed and iterations is None
        # The plan of the step before begins a step earlier, or more if steps were missed.
        shifts = 1 if self._first is None else max(0, task.first_sequence - self._first)
        cpu = time.process_time()
        decision = self._agent.act(
            task.observation[None],
            iterations=iterations or self._iterations,
            until=self._until(task.deadline_ns) if timed else None,
            in_flight=task.in_flight[:, None],
            shifts=shifts,
            adapt=not task.frozen,
        )
        now = self._clock.now_ns()
        self._first = task.first_sequence
        self._plans += 1
        self._used, self._ready = int(decision.iterations), 0
        return PlanRecord(
            plan_id=self._plans - 1,
            epoch=task.epoch,
            observation_sequence=task.sequence,
            first_sequence=task.first_sequence,
            observation_ns=task.received_ns,
            published_ns=now,
            actions=np.asarray(self._agent.plan.sequence[0], np.float32),
            in_flight=task.in_flight,
            iterations=int(decision.iterations),
            frozen=task.frozen,
            gate_open=bool(decision.gate_open[0]) and not self._model.unsound,
            prior_error=float(decision.prior_error[0]),
            adapted_error=float(decision.adapted_error[0]),
            **self._adaptation(task),
            window=int(np.sum(self._agent.window.mask)),
            returns=float(decision.returns[0]),
            adapt_s=decision.adapt_s,
            predict_s=decision.predict_s,
            plan_s=decision.plan_s,
            late_s=max(0, now - task.deadline_ns) * 1e-9,
            cpu_s=time.process_time() - cpu,
        )

    def prepare(self) -> bool:
        """Do some of what the next plan needs no observation for, while that is awaited.

        An iteration at a time, so that the next task never waits for long, and no more of them than
        the next plan can need: a planner may be allowed a thousand and have time for ten. Tasks are
        planned alike with and without it.

        Returns:
            Whether there was something to do.
        """
        if self._ready >= self._used + SPARE:
            return False
        self._ready += 1
        self._agent.prepare(self._ready)
        return True

    def _adaptation(self, task: PlannerTask) -> dict[str, float]:
        """How adapting went, where the model says."""
        report = self._model.last_adaptation
        if report is None or task.frozen:
            return {}
        names = ("loss_before", "loss_after", "step_norm")
        return {name: float(getattr(report, name)) for name in names}

    def _until(self, deadline_ns: int) -> Callable[[], bool]:
        """Whether another iteration, as long as the longest so far, would miss the deadline."""
        clock = self._clock
        last = clock.now_ns()
        longest = 0

        def up() -> bool:
            nonlocal last, longest
            now = clock.now_ns()
            longest, last = max(longest, now - last), now
            return now + longest > deadline_ns

        return up
