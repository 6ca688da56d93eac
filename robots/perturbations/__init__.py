"""Changes of a robot, its ground and its sensors, with schedules. One file a family."""

from __future__ import annotations

from robots.perturbations.base import Perturbation
from robots.perturbations.combined import NONE, Perturbations
from robots.perturbations.registry import KINDS
from robots.perturbations.schedule import Schedule
from robots.perturbations.text import parse_perturbation

__all__ = ["KINDS", "NONE", "Perturbation", "Perturbations", "Schedule", "parse_perturbation"]
