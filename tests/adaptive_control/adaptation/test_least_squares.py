"""The closed-form update against the textbook's posterior, and the elimination against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptive_control.adaptation.least_squares import posterior_change, posterior_mean, solve


def draw(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


@given(size=st.integers(1, 32), seed=st.integers(0, 1000), ridge=st.floats(1e-6, 1e3))
@settings(max_examples=30, deadline=None)
def test_elimination_solves(size, seed, ridge):
    root = draw(2, size, size, seed=seed)
    matrix = root @ root.transpose(1, 2) + ridge * torch.eye(size, dtype=torch.float64)
    right = draw(2, size, 3, seed=seed + 1)
    expected = np.linalg.solve(matrix.numpy(), right.numpy())
    scale = np.abs(expected).max()
    np.testing.assert_allclose(solve(matrix, right).numpy(), expected, atol=1e-8 * scale, rtol=1e-7)


def test_elimination_holds_in_single_precision():
    """Sixteen nearly equal transitions, as at standstill: the noise alone makes it solvable."""
    features = draw(1, 1, 200).expand(1, 16, 200) + 1e-3 * draw(1, 16, 200, seed=1)
    matrix = 0.01 * features @ features.transpose(1, 2) + 0.1 * torch.eye(16)
    right = draw(1, 16, 18, seed=2)
    exact, single = solve(matrix, right), solve(matrix.float(), right.float())
    assert float((single - exact).abs().max()) < 1e-4 * float(exact.abs().max())


@pytest.mark.parametrize("filled", [0, 1, 4, 6])
def test_the_change_is_the_posterior_of_the_textbook(filled):
    """Precision form, one robot at a time, only the valid transitions: no Woodbury, no mask."""
    steps, width, outputs = 6, 9, 3
    features, target = draw(2, steps, width), draw(2, steps, outputs, seed=1)
    prior = draw(width, outputs, seed=2)
    variance, noise = draw(width, seed=3).exp(), draw(steps, seed=4).exp()
    mask = (torch.arange(steps) >= steps - filled).double().expand(2, -1).unsqueeze(-1)
    change = posterior_change(features, target - features @ prior, mask, variance, noise)
    for robot in range(2):
        seen, answer = features[robot, steps - filled :], target[robot, steps - filled :]
        weight = torch.diag(1 / noise[steps - filled :])
        precision = torch.diag(1 / variance) + seen.T @ weight @ seen
        mean = torch.linalg.solve(
            precision, torch.diag(1 / variance) @ prior + seen.T @ weight @ answer
        )
        torch.testing.assert_close(prior + change[robot], mean)


def test_little_noise_fits_the_window_and_much_noise_keeps_the_prior():
    features, residual = draw(1, 4, 9), draw(1, 4, 2, seed=1)
    ones, mask = torch.ones(9, dtype=torch.float64), torch.ones(1, 4, 1, dtype=torch.float64)
    fitted = posterior_change(features, residual, mask, ones, torch.full((4,), 1e-9).double())
    torch.testing.assert_close(features @ fitted, residual, atol=1e-6, rtol=1e-6)
    kept = posterior_change(features, residual, mask, ones, torch.full((4,), 1e9).double())
    assert float(kept.abs().max()) < 1e-6


def test_both_forms_of_the_posterior_agree():
    """Inverting d x d or M x M is the same update."""
    features, target = draw(2, 8, 5), draw(2, 8, 3, seed=1)
    variance, noise = draw(5, seed=2).exp(), draw(8, seed=3).exp()
    ones = torch.ones(2, 8, 1, dtype=torch.float64)
    weight = noise.rsqrt().unsqueeze(-1)
    torch.testing.assert_close(
        posterior_mean(features * weight, target * weight, variance),
        posterior_change(features, target, ones, variance, noise),
    )


def test_the_gradient_of_a_solution_is_exact():
    """Although no gradient goes through the elimination itself."""
    root = draw(1, 4, 4)
    matrix = root @ root.transpose(1, 2) + torch.eye(4, dtype=torch.float64)
    right = draw(1, 4, 2, seed=1)
    torch.autograd.gradcheck(
        lambda a, b: solve(a, b), (matrix.requires_grad_(), right.requires_grad_())
    )
