"""Perturbations whose argument is one number in a range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from robots.perturbations.base import Perturbation
from robots.perturbations.numbers import finite, format_number, parse_number

__all__ = ["OneNumber"]


@dataclass(frozen=True, kw_only=True)
class OneNumber(Perturbation):
    """A perturbation with one number for an argument.

    Attributes:
        value: the number, in the unit that the kind says.
    """

    low: ClassVar[float]
    """Least value allowed."""

    high: ClassVar[float]
    """Greatest value allowed."""

    value: float

    def __post_init__(self) -> None:
        if not finite(self.value, self.low, self.high):
            raise self.bad(self.value, self.takes)

    @classmethod
    def parse(cls, argument: str) -> Self:
        return cls(value=parse_number(argument, cls.kind, cls.takes))

    @property
    def argument(self) -> str:
        return format_number(self.value)
