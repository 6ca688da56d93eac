"""Adaptive dynamics models, one file a family."""

from __future__ import annotations

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.registry import DYNAMICS, make_dynamics
from adaptive_control.dynamics.window import Context, Window

__all__ = ["DYNAMICS", "Context", "Dynamics", "FeatureLayout", "Window", "make_dynamics"]
