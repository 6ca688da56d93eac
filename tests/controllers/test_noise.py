"""Noise has the correlation asked for and unit variance at every step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from controllers.noise import (
    NoiseSource,
    coloured_factor,
    correlation,
    shape_noise,
    spline_factor,
)


@pytest.mark.parametrize("colour", [0.0, 0.5, 1.0, 2.0, 4.0])
@pytest.mark.parametrize("horizon", [1, 2, 15, 30])
def test_factor_has_the_requested_correlation(horizon, colour):
    factor = coloured_factor(horizon, colour)
    wanted = correlation(horizon, colour)
    np.testing.assert_allclose(np.diag(wanted), 1)
    np.testing.assert_allclose(factor @ factor.T, wanted, atol=1e-7)


def test_white_is_white_and_redder_is_smoother():
    np.testing.assert_allclose(coloured_factor(15, 0.0), np.eye(15), atol=1e-6)
    neighbours = [correlation(15, colour)[0, 1] for colour in (0.0, 0.5, 1.0, 2.0, 4.0)]
    assert neighbours == sorted(neighbours)
    assert neighbours[-1] > 0.95


def test_correlation_is_that_of_the_power_spectrum():
    """Against the plain sum over all frequencies, negative ones too."""
    horizon, colour = 6, 1.5
    period = 2 * horizon
    frequency = np.fft.fftfreq(period)
    power = np.maximum(np.abs(frequency), 1 / period) ** -colour
    expected = np.fft.ifft(power).real
    np.testing.assert_allclose(correlation(horizon, colour)[0], (expected / expected[0])[:horizon])


@pytest.mark.parametrize("colour", [0.0, 1.0, 3.0])
def test_sampled_noise_has_unit_variance_from_the_first_step(colour):
    horizon = 12
    white = np.random.default_rng(0).standard_normal((2, 20_000, horizon, 2))
    noise = shape_noise(coloured_factor(horizon, colour), white)
    assert noise.shape == white.shape
    samples = np.moveaxis(noise, 2, -1).reshape(-1, horizon)
    np.testing.assert_allclose(samples.mean(axis=0), 0, atol=0.02)
    np.testing.assert_allclose(samples.var(axis=0), 1, atol=0.03)
    measured = np.corrcoef(samples.T)
    np.testing.assert_allclose(measured, correlation(horizon, colour), atol=0.02)
    # Robots and actions stay independent of each other.
    assert abs(np.corrcoef(noise[0, :, 0, 0], noise[1, :, 0, 0])[0, 1]) < 0.03
    assert abs(np.corrcoef(noise[0, :, 0, 0], noise[0, :, 0, 1])[0, 1]) < 0.03


@pytest.mark.parametrize(("horizon", "knots"), [(15, 4), (10, 10), (7, 2), (5, 1), (1, 1)])
def test_spline_noise_has_unit_variance_everywhere(horizon, knots):
    factor = spline_factor(horizon, knots, 0.0)
    assert factor.shape == (horizon, knots)
    np.testing.assert_allclose(np.linalg.norm(factor, axis=1), 1)


def test_spline_with_a_knot_at_every_step_is_the_noise_itself():
    np.testing.assert_allclose(spline_factor(10, 10, 0.0), np.eye(10), atol=1e-6)


def test_spline_is_smooth():
    from scipy.interpolate import CubicSpline

    values = np.random.default_rng(0).standard_normal(5)
    spline = CubicSpline(np.arange(5), values, bc_type="natural")(np.linspace(0, 4, 21))
    factor = spline_factor(21, 5, 0.0)
    # The factor is the spline with each row scaled to unit norm.
    unit = CubicSpline(np.arange(5), np.eye(5), bc_type="natural")(np.linspace(0, 4, 21))
    norm = np.linalg.norm(unit, axis=1)
    np.testing.assert_allclose((factor @ values) * norm, spline, atol=1e-6)


def test_numpy_and_torch_see_the_same_numbers():
    reference = np.zeros(1, dtype=np.float32)
    ours = NoiseSource((3, 4)).draw((2, 5, 3, 1), reference)
    theirs = NoiseSource((3, 4)).draw((2, 5, 3, 1), torch.tensor(reference))
    assert theirs.dtype == torch.float32
    np.testing.assert_array_equal(ours, theirs.numpy())


def test_a_robot_draws_the_same_alone_and_beside_others():
    reference = np.zeros(1)
    together, alone = NoiseSource((3, 4)), NoiseSource((4,))
    for _ in range(2):
        pair, single = (s.draw((n, 5, 3, 1), reference) for s, n in ((together, 2), (alone, 1)))
        np.testing.assert_array_equal(pair[1], single[0])
    together.reseed(0, 9)
    pair = together.draw((2, 5, 3, 1), reference)
    np.testing.assert_array_equal(pair[0], NoiseSource((9,)).draw((1, 5, 3, 1), reference)[0])
    np.testing.assert_array_equal(pair[1], alone.draw((1, 5, 3, 1), reference)[0])


def test_noise_drawn_ahead_is_the_same_noise():
    reference, shape = np.zeros(1, np.float32), (2, 5, 3, 1)
    prompt, early = NoiseSource((3, 4)), NoiseSource((3, 4))
    for ready in (0, 3, 2, 1):
        early.prepare(shape, reference, ready)
        np.testing.assert_array_equal(prompt.draw(shape, reference), early.draw(shape, reference))
    early.prepare(shape, reference, 2)
    for source in (prompt, early):
        source.reseed(1, 9)
    for _ in range(3):
        np.testing.assert_array_equal(prompt.draw(shape, reference), early.draw(shape, reference))


def test_a_new_seed_draws_nothing_before_it_is_asked_for():
    source = NoiseSource((3, 4))
    source.prepare((2, 5, 3, 1), np.zeros(1, np.float32), 500)
    source.reseed(1, 9)
    fresh = np.random.default_rng(9)
    assert source._generators[1].bit_generator.state == fresh.bit_generator.state


def test_noise_drawn_ahead_in_another_shape_is_forgotten():
    source = NoiseSource((3,))
    source.prepare((1, 5, 3, 1), np.zeros(1, np.float32), 2)
    assert source.draw((1, 6, 3, 1), np.zeros(1, np.float32)).shape == (1, 6, 3, 1)
    source.prepare((1, 6, 3, 1), np.zeros(1, np.float32), 2)
    assert source.draw((1, 6, 3, 1), np.zeros(1)).dtype == np.float64
    source.prepare((1, 6, 3, 1), np.zeros(1, np.float32), 1)
    source.prepare((1, 2, 3, 1), np.zeros(1, np.float32), 1)
    assert source.draw((1, 2, 3, 1), np.zeros(1, np.float32)).shape == (1, 2, 3, 1)
