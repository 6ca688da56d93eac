"""What every family promises, whichever it is."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.fx.experimental.proxy_tensor import make_fx

from adaptive_control.dynamics import DYNAMICS, Window
from adaptive_control.dynamics.rollout import returns, trajectory
from robots import Caution
from tests.adaptive_control.models import ADAPTIVE, KINDS, LAYOUT, random_window, tiny

NO_SLOPE = ("grbal-fo", "reptile", "hybrid", "combined")
"""Trained by a direction that is on purpose not the slope of what they report, or not all of it."""


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


@pytest.mark.parametrize("kind", [kind for kind in KINDS if DYNAMICS[kind].alone])
def test_one_robot_is_predicted_alone_as_in_a_batch(kind):
    dynamics = tiny(kind)
    window = random_window(2, 5)
    context = dynamics.adapt(window)
    expected, _ = dynamics.predict(context, window.observation, window.action)
    for robot in range(2):
        own = tuple(value[robot] for value in context)
        found, later = dynamics.predict(own, window.observation[robot], window.action[robot])
        torch.testing.assert_close(found, expected[robot])
        assert all(new is old for new, old in zip(later, own, strict=True))


@pytest.mark.parametrize("kind", KINDS)
def test_empty_window_gives_the_prior(kind):
    dynamics = tiny(kind)
    context = dynamics.adapt(random_window(3, 5, filled=0))
    for value, prior in zip(context, dynamics.prior_context(3), strict=True):
        torch.testing.assert_close(value, prior)


@pytest.mark.parametrize("kind", ADAPTIVE)
@given(filled=st.integers(0, 4), junk=st.floats(-1e30, 1e30) | st.just(math.nan))
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
def test_robots_of_a_batch_do_not_mix(kind):
    dynamics = tiny(kind)
    window = random_window(3, 5)
    together, _ = dynamics.predict(dynamics.adapt(window), window.observation, window.action)
    for robot in range(3):
        alone = Window(*(v[robot : robot + 1] for v in window))
        predicted, _ = dynamics.predict(dynamics.adapt(alone), alone.observation, alone.action)
        torch.testing.assert_close(predicted[0], together[robot])


@pytest.mark.parametrize("kind", KINDS)
def test_candidates_do_not_mix(kind):
    """What is predicted for one candidate does not depend on how many stand beside it."""
    dynamics = tiny(kind)
    window = random_window(2, 7)
    context = dynamics.adapt(window)
    all_of_them, _ = dynamics.predict(context, window.observation, window.action)
    some, _ = dynamics.predict(context, window.observation[:, 2:5], window.action[:, 2:5])
    torch.testing.assert_close(some, all_of_them[:, 2:5])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("window_steps", "future_steps"), [(1, 4), (7, 2)])
def test_window_and_future_lengths_are_separate(kind, window_steps, future_steps):
    dynamics = tiny(kind)
    window, future = random_window(3, window_steps), random_window(3, future_steps, seed=1)
    loss, error = dynamics.loss(window, future, unroll=2, prior_weight=0.25)
    loss.backward()
    assert math.isfinite(float(loss.detach()))
    assert float(error) > 0
    assert not error.requires_grad
    gradients = [p.grad for p in dynamics.parameters() if p.grad is not None]
    assert gradients
    assert all(bool(torch.isfinite(g).all()) for g in gradients)


@pytest.mark.parametrize("kind", KINDS)
def test_every_parameter_is_trained(kind):
    """No weight is saved that nothing uses."""
    dynamics = tiny(kind)
    window, future = random_window(3, 4), random_window(3, 4, seed=1)
    dynamics.loss(window, future, unroll=2, prior_weight=0.25)[0].backward()
    for name, parameter in dynamics.named_parameters():
        assert parameter.grad is not None, name
        assert float(parameter.grad.abs().max()) > 0, name


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in NO_SLOPE])
def test_the_gradient_is_the_slope_of_the_loss(kind):
    """By finite differences, in every parameter: autograd has no part in it."""
    dynamics = tiny(kind)
    window, future = random_window(3, 4), random_window(3, 4, seed=1)

    def loss() -> torch.Tensor:
        return dynamics.loss(window, future, unroll=2, prior_weight=0.25)[0]

    loss().backward()
    for name, parameter in dynamics.named_parameters():
        assert parameter.grad is not None
        flat = parameter.data.view(-1)
        position = flat.numel() // 2
        values = []
        for sign in (1, -1):
            flat[position] += sign * 1e-6
            values.append(float(loss().detach()))
            flat[position] -= sign * 1e-6
        slope = (values[0] - values[1]) / 2e-6
        gradient = float(parameter.grad.view(-1)[position])
        assert gradient == pytest.approx(slope, rel=1e-3, abs=1e-7), name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("steps", [3, 6])
def test_it_traces(kind, steps):
    """The exporter's first step: no branch on data, and the traced graph computes the same."""
    dynamics = tiny(kind).requires_grad_(False)
    window = random_window(2, steps, filled=2)
    traced = make_fx(lambda *parts: dynamics.adapt(Window(*parts)))(*window)
    other = random_window(2, steps, seed=9, filled=steps)
    for a, b in zip(traced(*other), dynamics.adapt(other), strict=True):
        torch.testing.assert_close(a, b)
    context = dynamics.adapt(window)
    step = make_fx(lambda c, x, a: dynamics.predict(c, x, a)[0])
    traced = step(context, window.observation, window.action)
    context = dynamics.adapt(other)
    torch.testing.assert_close(
        traced(context, other.observation, other.action),
        dynamics.predict(context, other.observation, other.action)[0],
    )


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
@pytest.mark.parametrize("charged", [1.0, 0.0, 2.5])
def test_a_fall_ends_the_sequence_and_costs_once(charged: float):
    dynamics = tiny("mb")
    observation = torch.zeros(1, LAYOUT.observation_size, dtype=torch.float64)
    actions = torch.randn(1, 6, 4, LAYOUT.action_size, dtype=torch.float64)
    path = trajectory(dynamics, (), observation.unsqueeze(1).expand(-1, 6, -1), actions)
    limit = float(path[..., 0].median())
    caution = Caution(
        unsafe=lambda x: x[..., 0] > limit, cost=7.0, unease=lambda x: 0.5 * x[..., 2]
    )
    reward = lambda x, a, y: y[..., 1]  # noqa: E731
    scored = returns(dynamics, reward, (), observation, actions, caution=caution, charged=charged)
    fell = 0
    for n in range(6):
        expected = 0.0
        for step in range(4):
            expected += float(path[0, n, step, 1] - charged * 0.5 * path[0, n, step, 2])
            if float(path[0, n, step, 0]) > limit:
                expected -= charged * 7.0
                fell += 1
                break
        assert float(scored[0, n]) == pytest.approx(expected)
    assert 0 < fell < 6 * 4


@torch.no_grad()
@pytest.mark.parametrize("recoverable", [False, True])
def test_a_sequence_that_starts_unsafe_goes_on_where_the_robot_can_recover(recoverable: bool):
    dynamics = tiny("mb")
    observation = torch.zeros(1, LAYOUT.observation_size, dtype=torch.float64)
    actions = torch.randn(1, 3, 4, LAYOUT.action_size, dtype=torch.float64)
    caution = Caution(
        unsafe=lambda x: torch.ones_like(x[..., 0], dtype=torch.bool), cost=7.0,
        unease=lambda x: torch.ones_like(x[..., 0]), recoverable=recoverable,
    )  # fmt: skip
    reward = lambda x, a, y: torch.zeros_like(y[..., 1])  # noqa: E731
    scored = returns(dynamics, reward, (), observation, actions, caution=caution)
    # Four steps of unease and no end, or one step and the cost of the end.
    expected = torch.full((1, 3), -4.0 if recoverable else -8.0, dtype=torch.float64)
    torch.testing.assert_close(scored, expected)


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
