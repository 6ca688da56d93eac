"""Returns of candidates: which can be used, and whose are the highest."""

from __future__ import annotations

from array_api_compat import array_namespace, device

from controllers.arrays import Array, like

__all__ = ["best_of", "finite_returns", "who_goes_on"]


def finite_returns(returns: Array) -> Array:
    """`returns` with everything that is not finite replaced by -inf.

    Sorting ranks NaN as the greatest number: left in, a diverged candidate would be elite. A
    number so great that its square overflows (1e19 in single precision) has diverged as well.
    """
    xp = array_namespace(returns)
    usable = xp.abs(returns) < xp.finfo(returns.dtype).max ** 0.5  # False for NaN
    return xp.where(usable, returns, like(-xp.inf, returns))


def best_of(actions: Array, returns: Array, count: int) -> tuple[Array, Array]:
    """The `count` candidates with the highest returns, best first.

    Args:
        actions: `[B, N, H, A]`.
        returns: `[B, N]`, without NaN.
        count: E, at most N.

    Returns:
        actions `[B, E, H, A]` and returns `[B, E]`. Of equal candidates the earlier comes first,
        so exactly E are chosen however many tie.
    """
    xp = array_namespace(actions)
    order = xp.argsort(-returns, axis=1, stable=True)[:, :count]
    batch, total, *rest = actions.shape
    rows = xp.arange(batch, device=device(actions))[:, None] * total + order
    flat = xp.reshape(actions, (batch * total, *rest))
    chosen = xp.take(flat, xp.reshape(rows, (-1,)), axis=0)
    return xp.reshape(chosen, (batch, count, *rest)), xp.take_along_axis(returns, order, axis=1)


def who_goes_on(promised: Array, count: int) -> Array:
    """Numbers `[count]`, ascending, of the candidates that promise most; what diverged comes last.

    Args:
        promised: `[n]`, what those that are left have earned and the value of where they are.
        count: at most n.
    """
    xp = array_namespace(promised)
    return xp.sort(xp.argsort(-finite_returns(promised), stable=True)[:count])
