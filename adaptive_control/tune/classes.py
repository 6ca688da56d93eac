"""What a setting may take: the classes that tuning looks for a winner in.

best      the highest return whose tick, at p99, takes at most its share of the control period
as-fast   the highest return that takes no longer than the default
half      the highest return that takes at most half as long as the default
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["CLASSES", "Classes"]

CLASSES = ("best", "as-fast", "half")
"""The classes, in the order in which tables show them."""


@dataclass(frozen=True)
class Classes:
    """How long a tick of each class may take at p99.

    Attributes:
        limit_ms: share of the control period [ms].
        default_ms: the default's p99 [ms].
    """

    limit_ms: float
    default_ms: float

    def most_ms(self, name: str) -> float:
        """The longest tick of a class [ms]; none is above the limit of the period."""
        most = {"best": self.limit_ms, "as-fast": self.default_ms, "half": self.default_ms / 2}
        return min(self.limit_ms, most[name])
