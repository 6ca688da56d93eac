"""What every family promises, whichever it is."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptive_control.dynamics.rollout import returns, trajectory
from robots import Caution
from tests.adaptive_control.models import ADAPTIVE, KINDS, LAYOUT, random_window, tiny


def weights(dynamics):
    return {n: v.clone() for n, v in dynamics.state_dict().items()}


@pytest.mark.parametrize("kind", KINDS)
@given(seed=st.integers(0, 1000), filled=st.integers(0, 5), scale=st.floats(0.01, 1e6))
@settings(max_examples=15, deadline=None)
def test_adapting_never_changes_the_prior(kind, seed, filled, scale):
    dynamics = tiny(kind, seed)
    before, prior = weights(dynamics), [v.clone() for v in dynamics.prior_context(2)]
    window = random_window(2, 5, seed, filled=filled)
    window = window._replace(next_observation=window.next_observation * scale)
    context = dynamics.adapt(window)
    dynamics.predict(context, window.observation, window.action)
    for name, value in dynamics.state_dict().items():
        assert torch.equal(value, before[name]), name
    for value, was in zip(dynamics.prior_context(2), prior, strict=True):
        assert torch.equal(value, was)


@pytest.mark.parametrize("kind", ADAPTIVE)
def test_adapting_depends_on_the_window(kind):
    dynamics = tiny(kind)
    first, second = (dynamics.adapt(random_window(2, 5, seed)) for seed in (0, 1))
    assert any(not torch.allclose(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_empty_window_gives_the_prior(kind):
    dynamics = tiny(kind)
    context = dynamics.adapt(random_window(3, 5, filled=0))
    for value, prior in zip(context, dynamics.prior_context(3), strict=True):
        torch.testing.assert_close(value, prior)


@pytest.mark.parametrize("kind", ADAPTIVE)
@given(filled=st.integers(0, 4), junk=st.floats(-1e3, 1e3))
@settings(max_examples=10, deadline=None)
def test_empty_slots_never_matter(kind, filled, junk):
    dynamics = tiny(kind)
    window = random_window(2, 5, filled=filled)
    soil = lambda v: torch.where(window.mask > 0, v, v + junk)  # noqa: E731
    dirty = window._replace(
        observation=soil(window.observation),
        action=soil(window.action),
        next_observation=soil(window.next_observation),
    )
    for a, b in zip(dynamics.adapt(window), dynamics.adapt(dirty), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("kind", ADAPTIVE)
def test_short_window_equals_a_shorter_m(kind):
    """Three transitions in a window of five are the same evidence as a window of three."""
    dynamics = tiny(kind)
    window = random_window(2, 5, filled=3)
    short = type(window)(*(v[:, 2:] for v in window))
    for a, b in zip(dynamics.adapt(window), dynamics.adapt(short), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_batch_order_is_kept(kind):
    dynamics = tiny(kind)
    window = random_window(4, 5)
    order = torch.tensor([2, 0, 3, 1])
    predicted, _ = dynamics.predict(dynamics.adapt(window), window.observation, window.action)
    permuted = type(window)(*(v[order] for v in window))
    again, _ = dynamics.predict(dynamics.adapt(permuted), permuted.observation, permuted.action)
    torch.testing.assert_close(again, predicted[order])


@pytest.mark.parametrize("kind", KINDS)
def test_hidden_fields_stay_hidden(kind):
    dynamics = tiny(kind)
    window = random_window(2, 5)
    moved = window.observation.clone()
    moved[..., 3:] += 0.5  # the two hidden fields
    context = dynamics.prior_context(2)
    base, _ = dynamics.predict(context, window.observation, window.action)
    other, _ = dynamics.predict(context, moved, window.action)
    torch.testing.assert_close(base[..., :3], other[..., :3])
    torch.testing.assert_close(other[..., 3], base[..., 3] + 0.5)  # a delta is added to it
    torch.testing.assert_close(other[..., 4], base[..., 4])  # a value replaces it


@pytest.mark.parametrize("kind", KINDS)
def test_returns_are_the_rewards_along_the_trajectory(kind):
    dynamics = tiny(kind)
    observation = torch.randn(2, LAYOUT.observation_size, dtype=torch.float64)
    actions = torch.randn(2, 3, 4, LAYOUT.action_size, dtype=torch.float64)
    context = dynamics.prior_context(2)

    def reward(x, a, y):
        return y[..., 4] - x[..., 0] + a.sum(-1)

    path = trajectory(dynamics, context, observation.unsqueeze(1).expand(-1, 3, -1), actions)
    start = observation[:, None, None].expand(2, 3, 1, -1)
    before = torch.cat([start, path[:, :, :-1]], dim=2)
    expected = reward(before, actions, path).sum(-1)
    torch.testing.assert_close(returns(dynamics, reward, context, observation, actions), expected)


@torch.no_grad()
def test_a_fall_ends_the_sequence_and_costs_once():
    dynamics = tiny("mb")
    observation = torch.zeros(1, LAYOUT.observation_size, dtype=torch.float64)
    actions = torch.randn(1, 6, 4, LAYOUT.action_size, dtype=torch.float64)
    path = trajectory(dynamics, (), observation.unsqueeze(1).expand(-1, 6, -1), actions)
    limit = float(path[..., 0].median())
    caution = Caution(
        unsafe=lambda x: x[..., 0] > limit, cost=7.0, unease=lambda x: 0.5 * x[..., 2]
    )
    reward = lambda x, a, y: y[..., 1]  # noqa: E731
    scored = returns(dynamics, reward, (), observation, actions, caution=caution)
    fell = 0
    for n in range(6):
        expected = 0.0
        for step in range(4):
            expected += float(path[0, n, step, 1] - 0.5 * path[0, n, step, 2])
            if float(path[0, n, step, 0]) > limit:
                expected -= 7.0
                fell += 1
                break
        assert float(scored[0, n]) == pytest.approx(expected)
    assert 0 < fell < 6 * 4


def test_prediction_stays_inside_what_the_data_covered():
    dynamics = tiny("mb")
    window = random_window(1, 50)
    flat = [v.flatten(0, 1) for v in window[:3]]
    dynamics.fit_normalizers(*flat)
    far = 1e6 * torch.ones(1, 1, LAYOUT.observation_size, dtype=torch.float64)
    predicted, _ = dynamics.predict((), far, torch.zeros(1, 1, 2, dtype=torch.float64))
    change = (predicted - far)[..., :3].abs()
    largest = (flat[2] - flat[0])[..., :3].abs().amax(0)
    assert bool((change <= 2 * largest).all())
