"""The terminal value: what it may see, and what a planner's return makes of it."""

from __future__ import annotations

import pytest
import torch

from adaptive_control.dynamics.features import FeatureMap
from adaptive_control.dynamics.rollout import returns, trajectory
from adaptive_control.dynamics.value import TerminalValue
from robots.spec import Caution
from tests.adaptive_control.models import LAYOUT, tiny


def value_of(seed: int = 0) -> TerminalValue:
    """Random weights everywhere, statistics of random data, in float64."""
    generator = torch.Generator().manual_seed(seed)
    value = TerminalValue(LAYOUT, generator, hidden=(8,)).double()
    with torch.no_grad():
        for parameter in value.parameters():
            parameter.add_(0.3 * torch.randn(parameter.shape, generator=generator).double())
    observation = torch.randn(50, LAYOUT.observation_size, generator=generator).double()
    value.normalizer.fit(value.features.state(observation))
    value.mean.fill_(3.0)
    value.scale.fill_(2.0)
    return value.requires_grad_(False)


def observations(*shape: int, seed: int = 7) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, LAYOUT.observation_size, generator=generator).double()


def test_the_state_is_the_inputs_without_the_action():
    features = FeatureMap(LAYOUT)
    action = torch.randn(5, LAYOUT.action_size).double()
    inputs = features.inputs(observations(5), action)
    assert torch.equal(features.state(observations(5)), inputs[..., : -LAYOUT.action_size])
    assert inputs.shape[-1] == LAYOUT.input_size == LAYOUT.state_size + LAYOUT.action_size


def test_of_hidden_fields_it_sees_headings_alone():
    value = value_of()
    there = observations(4, 3)
    assert value(there).shape == (4, 3)
    hidden = there.clone()
    hidden[..., 4] += 5.0
    assert torch.equal(value(hidden), value(there))
    headed = there.clone()
    headed[..., 3] += 1.0
    assert not torch.isclose(value(headed), value(there)).any()
    headed[..., 3] += 2 * torch.pi - 1.0
    torch.testing.assert_close(value(headed), value(there))
    turned = there.clone()
    turned[..., 1] += 2 * torch.pi  # an angle enters as sine and cosine
    torch.testing.assert_close(value(turned), value(there))


def test_beyond_the_data_it_stays_what_it_is_at_the_edge():
    value = value_of()
    far = observations(4)
    far[..., 0] = 1e6
    farther = far.clone()
    farther[..., 0] = 1e9
    assert torch.equal(value(far), value(farther))


@torch.no_grad()
@pytest.mark.parametrize("terminal", [0.0, 0.5, 1.0])
def test_a_return_ends_with_the_value_of_where_it_leads(terminal: float):
    dynamics, value = tiny("grbal"), value_of()
    start = observations(2)
    actions = torch.randn(2, 3, 4, LAYOUT.action_size).double()
    context = dynamics.prior_context(2)
    reward = lambda x, a, y: y[..., 4]  # noqa: E731
    plain = returns(dynamics, reward, context, start, actions)
    found = returns(dynamics, reward, context, start, actions, value=value, terminal=terminal)
    last = trajectory(dynamics, context, start.unsqueeze(1).expand(-1, 3, -1), actions)[:, :, -1]
    torch.testing.assert_close(found, plain + terminal * value(last))


@torch.no_grad()
def test_nothing_is_expected_after_a_fall():
    dynamics, value = tiny("mb"), value_of()
    start, actions = observations(1), torch.randn(1, 8, 3, LAYOUT.action_size).double()
    path = trajectory(dynamics, (), start.unsqueeze(1).expand(-1, 8, -1), actions)
    limit = float(path[..., 0].median())
    caution = Caution(
        unsafe=lambda x: x[..., 0] > limit, cost=1.0, unease=lambda x: 0.0 * x[..., 0]
    )
    reward = lambda x, a, y: y[..., 4]  # noqa: E731
    plain = returns(dynamics, reward, (), start, actions, caution=caution)
    found = returns(
        dynamics, reward, (), start, actions, caution=caution, value=value, terminal=1.0
    )
    fell = (path[..., 0] > limit).any(-1)
    assert 0 < int(fell.sum()) < 8
    torch.testing.assert_close(found[fell], plain[fell])
    assert not torch.isclose(found[~fell], plain[~fell]).any()


@torch.no_grad()
@pytest.mark.parametrize("method", ["mb", "grbal", "combined"])
def test_the_worse_are_dropped_by_what_they_earned_and_what_is_expected(method: str):
    dynamics, value = tiny(method), value_of()
    start, actions = observations(2), torch.randn(2, 9, 5, LAYOUT.action_size).double()
    context = dynamics.prior_context(2)
    reward = lambda x, a, y: y[..., 4]  # noqa: E731
    everyone = start.unsqueeze(1).expand(-1, 9, -1)
    path = trajectory(dynamics, context, everyone, actions)
    earned = path[..., 4].cumsum(-1)
    plain = returns(dynamics, reward, context, start, actions, value=value, terminal=0.5)
    found = returns(
        dynamics, reward, context, start, actions, value=value, terminal=0.5, drops={2: 5, 4: 3}
    )
    for robot in range(2):
        left = torch.arange(9)
        for step, kept in ((2, 5), (4, 3)):
            promised = (earned[..., step - 1] + value(path[:, :, step - 1]))[robot, left]
            left = left[promised.argsort(descending=True)[:kept]]
        expected = torch.full((9,), -torch.inf, dtype=plain.dtype)
        expected[left] = plain[robot, left]
        torch.testing.assert_close(found[robot], expected)


@torch.no_grad()
def test_what_diverged_is_dropped_first():
    dynamics, value = tiny("mb"), value_of()
    actions = torch.randn(1, 6, 3, LAYOUT.action_size).double()
    actions[0, 2, 0, 0] = torch.nan
    reward = lambda x, a, y: y[..., 4]  # noqa: E731
    found = returns(dynamics, reward, (), observations(1), actions, value=value, drops={1: 5})
    assert found[0, 2] == -torch.inf
    assert found[0, [0, 1, 3, 4, 5]].isfinite().all()
