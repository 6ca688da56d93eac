"""How far two computations of the same thing may be apart, and how that is measured.

What a step predicts is compared relatively. Of an adapted context the *change* is compared: beside
weights of size one a wrong gradient step disappears in the rounding.
"""

from __future__ import annotations

import numpy as np

__all__ = ["CHANGE_TOLERANCE", "STEP_TOLERANCE", "change_error", "relative_error"]

STEP_TOLERANCE = 1e-5
"""Greatest relative error of one control step."""
CHANGE_TOLERANCE = 1e-4
"""Greatest relative error of what adapting changed."""

_SMALLEST_PART = 1e-3
"""A column this much smaller than the greatest is measured as if it were of that size."""
_SMALLEST_CHANGE = 1e-2
"""The same for a change, beside the context itself."""


def relative_error(value: np.ndarray, reference: np.ndarray) -> float:
    """Greatest error, relative to the greatest reference value of the same column.

    Columns, because the channels of an observation differ in size: an error that is nothing for a
    velocity may be all of a height.

    Args:
        value: `[...]` or `[..., n]`, n columns if it has two dimensions or more.
        reference: of the same shape.

    Returns:
        The error; infinite if the shapes differ or a value is not finite.
    """
    if value.shape != reference.shape:
        return float("inf")
    if reference.size == 0:
        return 0.0
    width = reference.shape[-1] if reference.ndim > 1 else 1
    found, expected = (array.reshape(-1, width).astype(np.float64) for array in (value, reference))
    size = np.abs(expected).max(0)
    size = np.maximum(size, max(_SMALLEST_PART * float(size.max()), 1e-9))
    error = np.abs(found - expected).max(0) / size
    return float(error.max()) if np.all(np.isfinite(error)) else float("inf")


def change_error(value: np.ndarray, reference: np.ndarray, prior: np.ndarray) -> float:
    """Error of `context - prior`, relative to its size (Euclidean norms of a whole tensor).

    A change of less than a hundredth of the context itself is measured as if it were a hundredth:
    below, single precision has little left to compare.

    Args:
        value: an adapted context tensor.
        reference: what it should be.
        prior: the tensor without adaptation.
    """
    if value.shape != reference.shape:
        return float("inf")
    expected = reference.astype(np.float64)
    change = float(np.linalg.norm(expected - prior))
    error = float(np.linalg.norm(value - expected))
    size = max(change, _SMALLEST_CHANGE * float(np.linalg.norm(expected)), 1e-12)
    return error / size if np.isfinite(error) else float("inf")
