"""The families of dynamics models by name; adding one is a file and a line here."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.grbal import GrBAL
from adaptive_control.dynamics.mb import MB
from adaptive_control.dynamics.rebal import ReBAL

__all__ = ["DYNAMICS", "make_dynamics"]

DYNAMICS: dict[str, type[MB] | type[GrBAL] | type[ReBAL]] = {
    family.kind: family for family in (MB, GrBAL, ReBAL)
}


def make_dynamics(kind: str, layout: FeatureLayout, hidden: Sequence[int], seed: int) -> Dynamics:
    """A new, untrained model.

    Raises:
        KeyError: no family of that name (the command line checks names before).
    """
    return DYNAMICS[kind](layout, hidden, torch.Generator().manual_seed(seed))
