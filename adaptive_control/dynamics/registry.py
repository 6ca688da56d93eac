"""The classes of `adaptive_control.methods`, by the method's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Protocol, runtime_checkable

import torch

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.methods import METHODS

__all__ = ["DYNAMICS", "Family", "make_dynamics"]


@runtime_checkable
class Family(Protocol):
    """A class of models, as it is looked up by name."""

    kind: str
    adapts: bool
    alone: bool

    def __call__(
        self, layout: FeatureLayout, hidden: Sequence[int], generator: torch.Generator
    ) -> Dynamics:
        """A new model with random weights and hidden layers of these widths."""
        ...


class _Families(Mapping[str, Family]):
    """Imports a class when it is asked for: what adapts and what predicts import each other."""

    def __getitem__(self, name: str) -> Family:
        module, attribute = METHODS[name].implementation.split(".")
        return getattr(import_module(f"adaptive_control.dynamics.{module}"), attribute)

    def __iter__(self) -> Iterator[str]:
        return iter(METHODS)

    def __len__(self) -> int:
        return len(METHODS)


DYNAMICS: Mapping[str, Family] = _Families()


def make_dynamics(kind: str, layout: FeatureLayout, hidden: Sequence[int], seed: int) -> Dynamics:
    """A new, untrained model.

    Raises:
        KeyError: no method of that name (the command line checks names before).
    """
    return DYNAMICS[kind](layout, hidden, torch.Generator().manual_seed(seed))
