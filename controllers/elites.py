"""Means over elites, some of which may be missing."""

from __future__ import annotations

from array_api_compat import array_namespace

from controllers.arrays import Array

__all__ = ["weighted_mean", "weights_of"]


def weights_of(returns: Array) -> Array:
    """Equal weights for the candidates that have a return, zero for the others.

    Args:
        returns: `[B, E]`, -inf where a candidate is unusable.

    Returns:
        `[B, E]`, summing to 1, or all zero where no candidate is usable.
    """
    xp = array_namespace(returns)
    usable = xp.astype(returns > -xp.inf, returns.dtype)
    count = xp.sum(usable, axis=1, keepdims=True)
    return usable / xp.maximum(count, xp.ones_like(count))


def weighted_mean(weights: Array, values: Array) -> Array:
    """Sum of `values` `[B, E, ...]` times `weights` `[B, E]` over E, giving `[B, ...]`.

    Values of weight zero do not count, even where they are infinite.
    """
    xp = array_namespace(values)
    weights = xp.reshape(weights, weights.shape + (1,) * (values.ndim - 2))
    counted = xp.where(weights > 0, values, xp.zeros_like(values))  # 0 times infinity is NaN
    return xp.sum(weights * counted, axis=1)
