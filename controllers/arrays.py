"""The few array helpers that every planner shares, on numpy and torch alike."""

from __future__ import annotations

from typing import Any

from array_api_compat import array_namespace, device

__all__ = ["Array", "as_array", "bounded", "choose", "finite_rows", "like", "wait_for"]

Array = Any
"""A numpy array or a torch tensor. Shapes stand in the docstrings."""


def like(values: Any, reference: Array) -> Array:
    """`values` as an array of the namespace, type and device of `reference`."""
    xp = array_namespace(reference)
    return xp.asarray(values, dtype=reference.dtype, device=device(reference))


def as_array(values: Any, reference: Array) -> Array:
    """`values` in the namespace and on the device of `reference`, keeping its own type."""
    return array_namespace(reference).asarray(values, device=device(reference))


def bounded(values: Array, low: Array, high: Array) -> Array:
    """`values` between `low` and `high`, which broadcast; NaN stays NaN.

    The standard's own `clip` does so much beside it that it takes several times as long.
    """
    xp = array_namespace(values)
    return xp.minimum(xp.maximum(values, low), high)


def choose(mask: Array, then: Array, otherwise: Array) -> Array:
    """Row by row, `then` where `mask` holds and `otherwise` where it does not.

    Args:
        mask: `[B]` bool.
        then: `[B, ...]`.
        otherwise: `[B, ...]`.

    Returns:
        `[B, ...]`. Rows are copied whole, so a NaN never leaks from the row not chosen.
    """
    xp = array_namespace(then)
    return xp.where(xp.reshape(mask, (-1,) + (1,) * (then.ndim - 1)), then, otherwise)


def finite_rows(*arrays: Array) -> Array:
    """Which rows hold finite numbers only, over all of `arrays` `[B, ...]`.

    Returns:
        `[B]` bool.
    """
    finite = None
    for array in arrays:
        xp = array_namespace(array)
        # One NaN or infinity makes the sum of its row non-finite; a row of sane numbers cannot
        # overflow. This spares a boolean copy of what may be a whole network's parameters.
        row = xp.isfinite(xp.sum(xp.reshape(array, (array.shape[0], -1)), axis=1))
        finite = row if finite is None else finite & row
    if finite is None:
        raise TypeError("finite_rows needs at least one array")
    return finite


def wait_for(array: Array) -> None:
    """Return once `array` is computed, so that a timing is not that of queueing work on a GPU."""
    float(array_namespace(array).sum(array))
