"""The inner step against numbers that autograd had no part in."""

from __future__ import annotations

import pytest
import torch

from adaptive_control.adaptation.gradient import gradient_step
from adaptive_control.dynamics import Dynamics
from adaptive_control.dynamics.gbml import LayerRule
from adaptive_control.dynamics.network import batched, forward
from adaptive_control.dynamics.objective import meta_loss
from adaptive_control.dynamics.reptile import Reptile
from tests.adaptive_control.models import LAYOUT, random_window, tiny, tiny_grbal


def window_loss(dynamics, parameters, window, robot):
    """The loss of one robot's window, written out plainly."""
    inputs, targets = dynamics.normalised(window)
    squared = (forward(parameters, inputs[robot]) - targets[robot]) ** 2
    mask = window.mask[robot, :, 0]
    return (squared.mean(-1) * mask).sum() / mask.sum()


def future_loss(dynamics, parameters, future, robot):
    """The error of one robot's future, two steps at a time from what was observed, plainly."""
    errors = []
    for step in range(future.mask.shape[1]):
        if step % 2 == 0:
            current = future.observation[robot, step][None, None]
        action = future.action[robot, step][None, None]
        current, _ = dynamics.predict(batched(parameters, 1), current, action)
        miss = dynamics.features.wrap(current[0, 0] - future.next_observation[robot, step])
        errors.append(((miss / dynamics.target_normalizer.scale) ** 2).mean())
    return torch.stack(errors).mean()


def theta_of(dynamics: Dynamics) -> list[torch.Tensor]:
    """Copies of the network's parameters."""
    named = dynamics.named_parameters()
    return [p.detach().clone() for name, p in named if name.startswith("theta.")]


def numerical_gradient(dynamics, theta, window, robot, loss=window_loss):
    """Central differences of one robot's loss at `theta`, in every parameter."""
    epsilon, gradients = 1e-6, []
    for index, value in enumerate(theta):
        gradient = torch.empty_like(value)
        for position in range(value.numel()):
            values = []
            for sign in (1, -1):
                moved = [p.clone() for p in theta]
                moved[index].view(-1)[position] += sign * epsilon
                values.append(loss(dynamics, tuple(moved), window, robot))
            gradient.view(-1)[position] = (values[0] - values[1]) / (2 * epsilon)
        gradients.append(gradient)
    return gradients


def learned_step(dynamics, theta, window, robot):
    """theta - alpha * g, and for GBML what its networks make of g."""
    gradients = numerical_gradient(dynamics, theta, window, robot)
    moved = [
        p - s.exp() * g for p, s, g in zip(theta, dynamics.log_step_sizes, gradients, strict=True)
    ]
    for layer, rule in enumerate(getattr(dynamics, "rules", ())):
        update = rule(torch.cat([gradients[2 * layer], gradients[2 * layer + 1][None]])[None])[0]
        moved[2 * layer] = moved[2 * layer] - update[:-1]
        moved[2 * layer + 1] = moved[2 * layer + 1] - update[-1]
    return moved


def plain_steps(dynamics, theta, window, robot):
    """As many steps of one fixed size as the method takes."""
    for _ in range(dynamics.inner_steps):
        gradients = numerical_gradient(dynamics, theta, window, robot)
        theta = [p - dynamics.step_size * g for p, g in zip(theta, gradients, strict=True)]
    return theta


@pytest.mark.parametrize(
    ("kind", "rule"),
    [
        ("grbal", learned_step), ("grbal-fo", learned_step), ("gbml", learned_step),
        ("mb-de", plain_steps), ("reptile", plain_steps),
    ],
)  # fmt: skip
@torch.no_grad()
def test_adapted_change_is_the_numerical_gradient(kind, rule):
    dynamics = tiny(kind)
    window = random_window(2, 6, filled=4)
    adapted = dynamics.adapt(window)
    theta = theta_of(dynamics)
    for robot in range(2):
        expected = rule(dynamics, theta, window, robot)
        for prior, value, wanted in zip(theta, adapted, expected, strict=True):
            change = value[robot] - prior
            difference = torch.linalg.norm(change - (wanted - prior))
            assert difference <= 1e-5 * torch.linalg.norm(change)
            assert torch.linalg.norm(change) > 0


@torch.no_grad()
def test_reptile_moves_to_where_the_steps_end():
    dynamics = tiny("reptile")
    assert isinstance(dynamics, Reptile)
    window, future = random_window(3, 5, seed=1), random_window(3, 4, seed=2)
    with torch.enable_grad():
        dynamics.loss(window, future, unroll=2, prior_weight=0.25)[0].backward()
    ends = []
    for robot in range(3):
        theta = theta_of(dynamics)
        for part, loss in 2 * ((window, window_loss), (future, future_loss)):
            gradients = numerical_gradient(dynamics, theta, part, robot, loss)
            theta = [p - dynamics.step_size * g for p, g in zip(theta, gradients, strict=True)]
        ends.append(theta)
    for index, value in enumerate(dynamics.parameters()):
        end = torch.stack([theta[index] for theta in ends]).mean(0)
        expected = (value - end) / dynamics.step_size
        assert value.grad is not None
        torch.testing.assert_close(value.grad, expected, rtol=1e-5, atol=1e-7)


def test_a_learned_rule_does_nothing_without_a_gradient():
    rule = LayerRule(4, 3, torch.Generator().manual_seed(0))
    assert not rule(torch.zeros(2, 4, 3)).any()
    assert rule(torch.ones(2, 4, 3)).any()


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
    grads, adapted = [], []
    for kind in ("grbal", "grbal-fo"):
        dynamics = tiny_grbal(kind)
        window, future = random_window(3, 5, seed=1), random_window(3, 4, seed=2)
        meta_loss(dynamics, window, future, unroll=1, prior_weight=0.0)[0].backward()
        grads.append(dynamics.theta[0].grad)
        adapted.append(dynamics.adapt(window)[0])
    assert torch.equal(*adapted)
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
