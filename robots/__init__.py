"""Robots: what they are, how they are simulated, and what can happen to them."""

from __future__ import annotations

from robots.batch import BatchSimulator
from robots.episodes import Step
from robots.errors import RobotError
from robots.gym import register
from robots.perturbations import Perturbation, Perturbations, Schedule, parse_perturbation
from robots.registry import get_robot, robot_names
from robots.render import FrameRenderer
from robots.robot import Robot
from robots.rollout import RolloutScorer
from robots.simulator import Simulator
from robots.spec import Caution, Field, RobotSpec

__all__ = [
    "BatchSimulator",
    "Caution",
    "Field",
    "FrameRenderer",
    "Perturbation",
    "Perturbations",
    "Robot",
    "RobotError",
    "RobotSpec",
    "RolloutScorer",
    "Schedule",
    "Simulator",
    "Step",
    "get_robot",
    "parse_perturbation",
    "register",
    "robot_names",
]
