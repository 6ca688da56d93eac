"""A linear-quadratic problem with a known answer, and noise for whichever library plans."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from array_api_compat import array_namespace

from controllers.arrays import like


@dataclass(frozen=True)
class LinearQuadratic:
    """`x' = A x + B u` from x0, return `-sum(x' Q x' + u R u)` over H steps."""

    horizon: int = 10
    limit: float = 10.0
    x0: tuple[float, float] = (1.0, 0.0)

    a = np.array([[1.0, 0.1], [0.0, 0.95]])
    b = np.array([[0.0], [0.1]])
    q = np.diag([1.0, 0.1])
    r = 0.01

    def score(self, actions: Any) -> Any:
        """Returns `[B, N]` by stepping the system."""
        xp = array_namespace(actions)
        a, b, q = (like(m, actions) for m in (self.a, self.b, self.q))
        x = like(self.x0, actions) + xp.zeros((*actions.shape[:2], 2), dtype=actions.dtype)
        total = xp.zeros(actions.shape[:2], dtype=actions.dtype)
        for step in range(actions.shape[2]):
            u = actions[:, :, step]
            x = x @ a.T + u @ b.T
            total = total - xp.sum((x @ q) * x, axis=-1) - self.r * xp.sum(u**2, axis=-1)
        return total

    def optimum(self) -> tuple[np.ndarray, float]:
        """The exact actions `[H, 1]` and return, by the Riccati recursion."""
        value = np.zeros((2, 2))
        gains = []
        for _ in range(self.horizon):
            inner = self.q + value
            gain = np.linalg.solve(self.r + self.b.T @ inner @ self.b, self.b.T @ inner @ self.a)
            value = self.a.T @ inner @ (self.a - self.b @ gain)
            gains.append(gain)
        x = np.array(self.x0)
        best = float(-(x @ value @ x))
        actions = []
        for gain in reversed(gains):
            actions.append(-gain @ x)
            x = self.a @ x + self.b @ actions[-1]
        return np.array(actions), best

    def gap(self, returns: Any) -> np.ndarray:
        """How far from the optimum: 0 is exact, 1 is doing nothing."""
        _, best = self.optimum()
        nothing = self.score(np.zeros((1, 1, self.horizon, 1)))[0, 0]
        return (best - np.asarray(returns)) / (best - nothing)


@pytest.fixture
def problem() -> LinearQuadratic:
    return LinearQuadratic()
