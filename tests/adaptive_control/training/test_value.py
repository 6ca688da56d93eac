"""Fitting the terminal value: targets by hand, and a plant whose value is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.training.dataset import Episodes
from adaptive_control.training.value import LAMBDA, fit_value, targets
from robots.spec import Caution, Field, RobotSpec

LAYOUT = FeatureLayout(("raw",), ("delta",), (False,), 1)
SPEC = RobotSpec(
    name="decay",
    dt=0.1,
    observation=(Field("x", "m"),),
    action=(Field("push", "N", -1, 1),),
    reward=lambda x, a, y: y[..., 0],
    fallen=lambda x: x[..., 0] > 1e9,
    legs={},
)


def episodes(first: np.ndarray, steps: int, factor: float = 0.5) -> Episodes:
    """`x' = factor x`; the reward is x', so that the value is known."""
    powers = factor ** np.arange(steps + 1)
    path = (first[:, None] * powers)[..., None].astype(np.float32)
    shape = (len(first), steps)
    return Episodes(
        path[:, :-1], np.zeros((*shape, 1), np.float32), path[:, 1:].copy(),
        np.zeros(shape, np.int32),
    )  # fmt: skip


def test_without_a_value_targets_are_discounted_sums_of_what_was_earned():
    data = episodes(np.array([8.0]), 3)  # earns 4, 2, 1
    g = 0.9 * LAMBDA  # what follows counts for so much, as the rest of it is the value, 0
    expected = [4 + g * (2 + g * 1), 2 + g * 1, 1]
    np.testing.assert_allclose(targets(data, SPEC, None, 0.9)[0], expected, rtol=1e-6)


class _Constant(torch.nn.Module):
    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        return torch.full_like(observation[..., 0], 10.0)


def test_the_value_blends_in_and_stands_alone_where_an_episode_breaks_off():
    data = episodes(np.array([8.0]), 3)
    data = replace(data, segment=np.array([[0, 0, 1]], np.int32))  # a reset before the last
    found = targets(data, SPEC, _Constant(), 0.5)[0]  # type: ignore[arg-type]
    last = 1 + 0.5 * 10
    middle = 2 + 0.5 * 10
    first = 4 + 0.5 * ((1 - LAMBDA) * 10 + LAMBDA * middle)
    np.testing.assert_allclose(found, [first, middle, last], rtol=1e-6)


def test_what_caution_charges_is_left_out():
    caution = Caution(
        unsafe=lambda x: x[..., 0] > 1.5, cost=100.0, unease=lambda x: 0.25 * x[..., 0]
    )
    data = episodes(np.array([8.0]), 3)
    cautious = targets(data, replace(SPEC, caution=caution), None, 0.5)
    assert torch.equal(cautious, targets(data, SPEC, None, 0.5))


@pytest.fixture(scope="module")
def data() -> tuple[Episodes, Episodes]:
    rng = np.random.default_rng(0)
    train, held_out = rng.uniform(-10, 10, 1500), rng.uniform(-10, 10, 50)
    return episodes(train, 8), episodes(held_out, 8)


def test_a_known_value_is_found_and_the_seed_decides_all(data: tuple[Episodes, Episodes]):
    fitted = fit_value(*data, SPEC, LAYOUT, discount=0.8, seed=1)
    state = torch.tensor([[-8.0], [-2.0], [0.0], [3.0], [9.0]])
    truth = 0.5 * state[:, 0] / (1 - 0.8 * 0.5)  # x/2 + 0.8 x/4 + 0.64 x/8 + ...
    assert float((fitted.value(state) - truth).abs().max()) < 0.4
    assert fitted.explained > 0.99
    again = fit_value(*data, SPEC, LAYOUT, discount=0.8, seed=1)
    assert torch.equal(again.value(state), fitted.value(state))
    other = fit_value(*data, SPEC, LAYOUT, discount=0.8, seed=2)
    assert not torch.equal(other.value(state), fitted.value(state))
    assert not any(p.requires_grad for p in fitted.value.parameters())
