"""What the hybrid adds to the last layer: it finds out what the actuators do."""

from __future__ import annotations

import pytest
import torch

from adaptive_control.dynamics.hybrid import Hybrid, folded, moved
from tests.adaptive_control.models import LAYOUT, random_window, tiny


def tiny_hybrid() -> Hybrid:
    dynamics = tiny("hybrid").requires_grad_(False)
    assert isinstance(dynamics, Hybrid)
    return dynamics


def test_slopes_are_the_numerical_ones():
    dynamics = tiny_hybrid()
    inputs, _ = dynamics.normalised(random_window(2, 3))
    slopes = dynamics.slopes(inputs)
    prior = dynamics.prior_context(2)
    for action in range(LAYOUT.action_size):
        step = torch.zeros(LAYOUT.input_size, dtype=torch.float64)
        step[action - LAYOUT.action_size] = 1e-6
        ends = (dynamics.residual(prior, inputs + sign * step) for sign in (1, -1))
        expected = (next(ends) - next(ends)) / 2e-6
        torch.testing.assert_close(slopes[:, :, action], expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("gain", [0.05, -0.05])
def test_gains_and_offsets_are_found(gain):
    """The plant is the prior itself behind slightly wrong actuators, so one linear step is exact
    to first order; nothing is left for the last layer."""
    dynamics = tiny_hybrid()
    dynamics.log_gain_variance.fill_(3.0)
    dynamics.log_offset_variance.fill_(3.0)
    dynamics.log_error.fill_(-8.0)
    window = random_window(2, 30)
    true = torch.tensor([[gain, 0.0], [-gain, 0.5 * gain]], dtype=torch.float64)
    offset = torch.tensor([[0.0, gain], [0.0, 0.0]], dtype=torch.float64)
    weight, bias, *last = dynamics.prior_context(2)
    plant = (*folded(true, offset, weight, bias), *last)
    following, _ = dynamics.predict(plant, window.observation, window.action)
    window = window._replace(next_observation=following)
    found, found_offset = dynamics.actuators(*dynamics.normalised(window), window.mask)
    torch.testing.assert_close(found, true, atol=0.1 * abs(gain), rtol=0.1)
    torch.testing.assert_close(found_offset, offset, atol=0.1 * abs(gain), rtol=0.1)
    for adapted, prior in zip(dynamics.adapt(window)[2:], last, strict=True):
        assert float((adapted - prior).abs().max()) < 0.1 * abs(gain)


def test_a_folded_layer_does_what_moved_inputs_did():
    dynamics = tiny_hybrid()
    inputs, _ = dynamics.normalised(random_window(2, 5))
    gain, offset = torch.randn(2, 2, 2, dtype=torch.float64).unbind()
    prior = dynamics.prior_context(2)
    context = (*folded(gain, offset, *prior[:2]), *prior[2:])
    expected = dynamics.residual(prior, moved(gain, offset, inputs))
    torch.testing.assert_close(dynamics.residual(context, inputs), expected)


def test_a_dead_motor_is_seen_whichever_it_is():
    """With the prior's own dynamics and the action of one motor without effect, its gain is -1,
    nearly: the slope of the prior is not the whole truth so far away."""
    dynamics = tiny_hybrid()
    dynamics.log_gain_variance.fill_(3.0)
    dynamics.log_error.fill_(-8.0)
    window = random_window(1, 40)
    for motor in range(LAYOUT.action_size):
        felt = window.action.clone()
        felt[..., motor] = 0.0
        following, _ = dynamics.predict(dynamics.prior_context(1), window.observation, felt)
        felt_window = window._replace(next_observation=following)
        gain, _ = dynamics.actuators(*dynamics.normalised(felt_window), window.mask)
        assert int(gain.argmin()) == motor
        assert float(gain[0, motor]) == pytest.approx(-1.0, abs=0.35)
