"""Ant: a sphere on four legs of two joints.

Model: Gymnasium's `ant.xml` (MIT licence), from J. Schulman et al., "High-Dimensional Continuous
Control Using Generalized Advantage Estimation", 2015. Control period, initial state, noise and
limits are those of Gymnasium's Ant-v5.
"""

from __future__ import annotations

from robots.ant.robot import ROBOT

__all__ = ["ROBOT"]
