r"""Noise with a chosen colour along the horizon, from white noise.

Candidates drawn with white noise jitter: the robot's body averages it away and barely moves.
Coloured noise, with power spectrum $1/f^\beta$, explores with slow actions (Pinneri et al. 2020,
section 3.1). Its correlation over a lag of $k$ steps is

$$r_k = \frac{\sum_f f^{-\beta} \cos(2\pi f k)}{\sum_f f^{-\beta}},\qquad f = 0, 1/L, \ldots, 1/2$$

with $f = 0$ given the power of the lowest frequency and $L = 2H$, so that a sequence of H steps is
not periodic. White noise times the Cholesky factor of the matrix $R_{ij} = r_{|i-j|}$ has exactly
this correlation and unit variance *at every step, the first included*: a causal filter that starts
from zero would starve the first action, the only one that is executed.
"""

from __future__ import annotations

from collections import deque
from functools import lru_cache

import numpy as np
from array_api_compat import array_namespace

from controllers.arrays import Array, as_array, like
from controllers.errors import require

__all__ = ["NoiseSource", "coloured_factor", "correlation", "shape_noise", "spline_factor"]


def correlation(horizon: int, colour: float) -> np.ndarray:
    """Stationary correlation of coloured noise between the steps of a horizon.

    Args:
        horizon: H.
        colour: exponent beta of the spectrum; 0 white, 1 pink, 2 red.

    Returns:
        `[H, H]`, symmetric, ones on the diagonal.
    """
    period = 2 * horizon
    frequency = np.arange(horizon + 1) / period
    power = np.maximum(frequency, 1 / period) ** -float(colour)
    power[1:-1] *= 2  # each frequency but the first and the last stands for its mirror image too
    lags = np.arange(horizon)
    r = np.cos(2 * np.pi * np.outer(lags, frequency)) @ power / power.sum()
    return r[np.abs(lags[:, None] - lags[None, :])]


@lru_cache(maxsize=64)
def coloured_factor(horizon: int, colour: float) -> np.ndarray:
    """Lower triangular `[H, H]` factor that turns white noise into coloured noise."""
    # The added diagonal keeps very red noise (nearly singular) factorable; it is divided out again.
    jitter = 1e-9
    matrix = (correlation(horizon, colour) + jitter * np.eye(horizon)) / (1 + jitter)
    return np.linalg.cholesky(matrix)


@lru_cache(maxsize=64)
def spline_factor(horizon: int, knots: int, colour: float) -> np.ndarray:
    """Factor `[H, knots]` that draws a natural cubic spline through coloured noise at its knots.

    The knots are spread evenly over the horizon, its first and last step included. Rows have unit
    norm, so that the noise has unit variance at every step and not only at the knots.
    """
    if knots == 1:
        return np.ones((horizon, 1))
    # Second derivatives m of a natural spline with unit spacing solve T m = 6 D y.
    inner = knots - 2
    rows = np.arange(inner)
    differences = np.zeros((inner, knots))
    differences[rows, rows], differences[rows, rows + 1], differences[rows, rows + 2] = 1, -2, 1
    tridiagonal = 4 * np.eye(inner) + np.eye(inner, k=1) + np.eye(inner, k=-1)
    curvature = np.zeros((knots, knots))
    curvature[1:-1] = np.linalg.solve(tridiagonal, 6 * differences)

    position = np.linspace(0, knots - 1, horizon)
    left = np.minimum(position.astype(int), knots - 2)
    b = (position - left)[:, None]
    a = 1 - b
    value = np.eye(knots)
    spline = a * value[left] + b * value[left + 1]
    spline += ((a**3 - a) * curvature[left] + (b**3 - b) * curvature[left + 1]) / 6
    factor = spline @ coloured_factor(knots, colour)
    return factor / np.linalg.norm(factor, axis=1, keepdims=True)


def shape_noise(factor: np.ndarray, noise: Array) -> Array:
    """Mix white noise along its time axis.

    Args:
        factor: `[H, K]`, rows of unit norm.
        noise: `[B, N, K, A]`, standard normal.

    Returns:
        `[B, N, H, A]`, normal with unit variance at every step.
    """
    xp = array_namespace(noise)
    mixed = xp.tensordot(like(factor, noise), noise, axes=((1,), (2,)))  # [H, B, N, A]
    return xp.permute_dims(mixed, (1, 2, 0, 3))


class NoiseSource:
    """Standard normal noise, one independent stream a robot.

    Streams are numpy's whatever library plans with them, so numpy and torch see the same numbers,
    and a robot draws the same numbers alone as it does beside others; and the same ahead of time,
    where noise of one shape is drawn throughout.

    Args:
        seeds: one seed a robot.
    """

    def __init__(self, seeds: tuple[int, ...]) -> None:
        for seed in seeds:
            require(seed >= 0, "seed", seed, "integers from 0")
        self._generators = [np.random.default_rng(seed) for seed in seeds]
        self._ahead: list[deque[np.ndarray]] = [deque() for _ in seeds]

    def reseed(self, robot: int, seed: int) -> None:
        """Start the stream of one robot afresh; what was drawn ahead of the old one is lost."""
        require(seed >= 0, "seed", seed, "integers from 0")
        self._generators[robot] = np.random.default_rng(seed)
        self._ahead[robot].clear()

    def prepare(self, shape: tuple[int, ...], reference: Array, count: int) -> None:
        """Have noise ready for the next `count` calls of `draw`, while there is time for it."""
        kind = self._kind(shape, reference)
        for ahead, generator in zip(self._ahead, self._generators, strict=True):
            while len(ahead) < count:
                ahead.append(generator.standard_normal(shape[1:], dtype=kind))

    def draw(self, shape: tuple[int, ...], reference: Array) -> Array:
        """Noise `[B, ...]` with the namespace, device and type of `reference`."""
        kind = self._kind(shape, reference)
        noise = np.empty(shape, dtype=kind)
        for row, ahead, generator in zip(noise, self._ahead, self._generators, strict=True):
            if ahead:
                row[...] = ahead.popleft()
            else:
                generator.standard_normal(out=row, dtype=kind)
        return as_array(noise, reference)

    def _kind(self, shape: tuple[int, ...], reference: Array) -> type[np.floating]:
        """Type to draw; what was drawn ahead of another type or shape is of no use."""
        kind = np.float32 if str(reference.dtype).endswith("float32") else np.float64
        for ahead in self._ahead:
            if ahead and (ahead[0].shape != tuple(shape[1:]) or ahead[0].dtype != kind):
                ahead.clear()
        return kind
