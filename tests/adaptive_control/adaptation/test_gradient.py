"""The inner step against numbers that autograd had no part in."""

from __future__ import annotations

import pytest
import torch

from adaptive_control.adaptation.gradient import gradient_step
from adaptive_control.dynamics.network import batched, forward
from adaptive_control.training.objective import meta_loss
from tests.adaptive_control.models import LAYOUT, random_window, tiny_grbal


def window_loss(dynamics, parameters, window, robot):
    """The loss of one robot's window, written out plainly."""
    inputs, targets = dynamics.normalised(window)
    squared = (forward(parameters, inputs[robot]) - targets[robot]) ** 2
    mask = window.mask[robot, :, 0]
    return (squared.mean(-1) * mask).sum() / mask.sum()


def test_adapted_change_is_the_numerical_gradient():
    dynamics = tiny_grbal()
    window = random_window(2, 6, filled=4)
    adapted = dynamics.adapt(window)
    theta = [p.detach().clone() for p in dynamics.theta]
    epsilon = 1e-6
    for robot in range(2):
        for index, prior in enumerate(theta):
            gradient = torch.empty_like(prior)
            for position in range(prior.numel()):
                values = []
                for sign in (1, -1):
                    moved = [p.clone() for p in theta]
                    moved[index].view(-1)[position] += sign * epsilon
                    values.append(window_loss(dynamics, tuple(moved), window, robot))
                gradient.view(-1)[position] = (values[0] - values[1]) / (2 * epsilon)
            expected = -dynamics.log_step_sizes[index].exp() * gradient
            change = adapted[index][robot] - prior
            assert torch.linalg.norm(change - expected) <= 1e-5 * torch.linalg.norm(expected)
            assert torch.linalg.norm(change) > 0


@pytest.mark.parametrize("parameter", ["theta.0", "theta.3", "log_step_sizes.2"])
def test_meta_gradient_is_second_order(parameter):
    dynamics = tiny_grbal()
    window, future = random_window(3, 5, seed=1), random_window(3, 4, seed=2)
    value = dict(dynamics.named_parameters())[parameter]

    def loss() -> torch.Tensor:
        return meta_loss(dynamics, window, future, unroll=2, prior_weight=0.1)[0]

    loss().backward()
    assert value.grad is not None
    epsilon, position = 1e-5, value.numel() // 2
    values = []
    for sign in (1, -1):
        with torch.no_grad():
            value.view(-1)[position] += sign * epsilon
            values.append(float(loss()))
            value.view(-1)[position] -= sign * epsilon
    numerical = (values[0] - values[1]) / (2 * epsilon)
    assert float(value.grad.view(-1)[position]) == pytest.approx(numerical, rel=1e-4, abs=1e-9)


def test_first_order_stops_the_gradient_of_the_inner_gradient():
    grads = []
    for first_order in (False, True):
        dynamics = tiny_grbal()
        dynamics.first_order = first_order
        window, future = random_window(3, 5, seed=1), random_window(3, 4, seed=2)
        meta_loss(dynamics, window, future, unroll=1, prior_weight=0)[0].backward()
        grads.append(dynamics.theta[0].grad)
    assert not torch.allclose(grads[0], grads[1], rtol=1e-3)


def test_robots_of_a_batch_do_not_mix():
    dynamics = tiny_grbal()
    window = random_window(4, 5)
    together = dynamics.adapt(window)
    for robot in range(4):
        alone = dynamics.adapt(type(window)(*(v[robot : robot + 1] for v in window)))
        for a, t in zip(alone, together, strict=True):
            torch.testing.assert_close(a[0], t[robot])


def test_step_of_a_quadratic_is_exact():
    target = torch.tensor([[1.0], [3.0]])
    prior = batched((torch.zeros(1),), 2)
    (adapted,) = gradient_step(
        lambda p: 0.5 * ((p[0] - target) ** 2).sum(), prior, (torch.tensor([0.5]),)
    )
    torch.testing.assert_close(adapted, 0.5 * target)


def test_layout_is_used():
    # 2 raw + sin and cos of one angle + 2 actions; hidden fields stay out.
    assert LAYOUT.input_size == 6
