"""Wrong data into the adaptation of real bundles: the prior takes over, and gives back."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from deploy.runtime.bundle import load_bundle
from deploy.runtime.loop.clock import VirtualClock
from deploy.runtime.loop.messages import PlannerTask
from deploy.runtime.loop.planner import PlannerCore
from deploy.runtime.loop.record import PlanRecord
from tests.deploy.bundles import WINDOW, bundle_path, transitions

KINDS = ["grbal", pytest.param("rebal", marks=pytest.mark.slow)]
ONSET = 30
"""The plan whose newest transition is the first wrong one."""


class Life:
    """A planner that is told of one observation after the other."""

    def __init__(self, kind: str) -> None:
        self.bundle = load_bundle(bundle_path(kind))
        self.core = PlannerCore(self.bundle.agent(seed=1), VirtualClock(), seed=1, timed=False)
        self.sequence = 0
        self.epoch = 0

    def plan(self, observation: np.ndarray, applied: np.ndarray) -> PlanRecord:
        task = PlannerTask(
            tick=self.sequence, epoch=self.epoch, sequence=self.sequence, received_ns=0,
            deadline_ns=0, first_sequence=self.sequence, transition=True, frozen=False,
            observation=observation, applied=applied, in_flight=np.zeros((0, 6), np.float32),
        )  # fmt: skip
        self.sequence += 1
        self.core.learn(task)
        plan = self.core.plan(task)
        assert np.isfinite(plan.actions).all()
        assert (plan.actions >= self.bundle.action_low).all()
        assert (plan.actions <= self.bundle.action_high).all()
        return plan


def motion(count: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Observations and applied actions as a cheetah has them, back and forth."""
    data = transitions()
    length = len(data.observation)
    for step in range(count):
        row = abs((step + length) % (2 * length) - length) % length
        yield data.observation[row].copy(), data.action[row].copy()


def with_one_absurd_speed(kind: str, size: float) -> list[PlanRecord]:
    """The plans of a life in which nobody upstream stopped it."""
    life = Life(kind)
    plans = []
    for step, (observation, applied) in enumerate(motion(ONSET + WINDOW + 20)):
        if step == ONSET:
            observation[9] = np.float32(size)
        plans.append(life.plan(observation, applied))
    return plans


@pytest.mark.parametrize("size", [1e3, 1e12, 3e38])
def test_a_huge_step_is_not_made(size: float) -> None:
    plans = with_one_absurd_speed("grbal", size)
    window = plans[ONSET : ONSET + WINDOW]
    assert not any(plan.gate_open for plan in window), "planned with the prior, from the first on"
    after = plans[ONSET + WINDOW + 2 :]
    assert all(np.isfinite(plan.prior_error) for plan in after), "and it is over with the window"
    assert all(np.isfinite(plan.step_norm) for plan in after)


@pytest.mark.slow
@pytest.mark.parametrize("size", [1e3, 1e12, 3e38])
def test_a_recurrent_state_cannot_make_a_huge_step(size: float) -> None:
    plans = with_one_absurd_speed("rebal", size)
    usual = max(plan.step_norm for plan in plans[WINDOW:ONSET])
    assert all(plan.step_norm <= 20 * usual for plan in plans if plan.gate_open)


@pytest.mark.parametrize("kind", KINDS)
def test_constant_data(kind: str) -> None:
    life = Life(kind)
    observation, _ = next(motion(1))
    plans = [life.plan(observation, np.zeros(6, np.float32)) for _ in range(ONSET)]
    assert all(np.isfinite(plan.step_norm) for plan in plans)
    assert [plan.window for plan in plans[: WINDOW + 2]] == [*range(WINDOW + 1), WINDOW]


@pytest.mark.parametrize("kind", KINDS)
def test_reset_inside_the_window(kind: str) -> None:
    life = Life(kind)
    before = [life.plan(*row) for row in motion(WINDOW - 2)]
    life.epoch += 1
    after = [life.plan(*row) for row in motion(WINDOW + 2)]
    assert before[-1].window == WINDOW - 3
    assert [plan.window for plan in after] == [*range(WINDOW + 1), WINDOW]
    # As if it had never lived before.
    fresh = Life(kind)
    for plan, again in zip(after, [fresh.plan(*r) for r in motion(WINDOW + 2)], strict=True):
        np.testing.assert_array_equal(plan.actions, again.actions)
