"""The classes of `adaptive_control.methods`, by the method's name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from typing import Protocol, runtime_checkable

import torch

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import METHODS

__all__ = ["DYNAMICS", "Family", "make_dynamics"]


@runtime_checkable
class Family(Protocol):
    """A class of models, as it is looked up by name."""

    kind: str
    adapts: bool
    alone: bool
    varies: tuple[str, ...]

    def __call__(
        self, layout: FeatureLayout, hidden: Sequence[int], generator: torch.Generator
    ) -> Dynamics:
        """A new model with random weights and hidden layers of these widths."""
        ...


class _Families(Mapping[str, Family]):
    """Imports a class when it is asked for: what adapts and what predicts import each other."""

    def __getitem__(self, name: str) -> Family:
        where = METHODS[name].implementation
        module, colon, attribute = where.partition(":")
        if not (module and colon and attribute):
            raise AdaptiveControlError(
                f"method {name!r}: implementation={where!r}; allowed: module:Class"
            )
        try:
            family = getattr(import_module(module, "adaptive_control.dynamics"), attribute)
        except (ImportError, AttributeError) as error:
            raise AdaptiveControlError(f"method {name!r}: cannot load {where}: {error}") from error
        if getattr(family, "kind", None) != name:
            raise AdaptiveControlError(f"method {name!r}: {where} is no class with kind={name!r}")
        for flag in ("adapts", "alone"):
            value = getattr(family, flag, None)
            if not isinstance(value, bool):
                raise AdaptiveControlError(
                    f"method {name!r}: {where} has {flag}={value!r}; allowed: True, False"
                )
        return family

    def __iter__(self) -> Iterator[str]:
        return iter(METHODS)

    def __len__(self) -> int:
        return len(METHODS)


DYNAMICS: Mapping[str, Family] = _Families()


def make_dynamics(kind: str, layout: FeatureLayout, hidden: Sequence[int], seed: int) -> Dynamics:
    """A new, untrained model.

    Raises:
        KeyError: no method of that name (the command line checks names before).
        AdaptiveControlError: the class that an installed package names is not there.
    """
    return DYNAMICS[kind](layout, hidden, torch.Generator().manual_seed(seed))
