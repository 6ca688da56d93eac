"""Numbers of the half-cheetah, each with its source."""

from __future__ import annotations

DT = 0.05
"""Control period [s]: five steps of 0.01 s (`frame_skip=5`, Gymnasium HalfCheetah-v5)."""

SUBSTEPS = 5
"""Physics steps in a control period (Gymnasium HalfCheetah-v5)."""

RESET_NOISE = 0.1
"""`reset_noise_scale` of Gymnasium HalfCheetah-v5."""

TORSO_HEIGHT = 0.7
"""World height of the torso at rootz = 0 [m] (`pos` of the torso in half_cheetah.xml)."""

JOINTS = ("bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot")
"""Actuated joints in the order of half_cheetah.xml's actuators."""

LEGS = {"back": (0, 1, 2), "front": (3, 4, 5)}
"""Actions of each leg."""

CONTROL_COST = 0.05
"""Weight of the squared action in the reward (issue 2; Nagabandi et al. 2019 use the same)."""

SAFE_UPRIGHT = 0.3
"""A planner ends its sequences where the cosine of the pitch is below this (73 degrees)."""

UNSAFE_COST = 20.0
"""What it charges for that, in units of return."""

UNEASE = 2.0
"""What it charges at each step, times 1 - cosine of the pitch."""
