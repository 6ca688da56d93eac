"""Sensors between the true observations and the controllers: bias and delay, for B robots."""

from __future__ import annotations

import math

import numpy as np

from robots.perturbations.base import Sensing
from robots.perturbations.sensors import MAX_DELAY
from robots.robot import Robot

__all__ = ["Senses"]


class Senses:
    """What B robots are told of their true observations.

    The true observations of the last second are kept in a ring `[B, D, S]`: the newest is at
    `position`, the one d steps older at `position - d`, modulo D.

    Args:
        robot: the robot.
        size: B.
    """

    def __init__(self, robot: Robot, size: int):
        depth = math.ceil(MAX_DELAY / robot.spec.dt) + 1
        fields = robot.spec.observation_size
        self._ring = np.zeros((size, depth, fields), dtype=np.float32)
        self._newest = 0
        self._bias = np.zeros((size, fields), dtype=np.float32)
        self._delay = np.zeros(size, dtype=np.int64)
        self._rows = np.arange(size)
        self._wraps = np.array([field.wraps for field in robot.spec.observation])

    def set(self, row: int, sensing: Sensing) -> None:
        """Give a row these sensors from now on."""
        self._bias[row] = sensing.bias
        self._delay[row] = sensing.delay

    def begin(self, row: int, truth: np.ndarray) -> None:
        """Start a row's episode with this true observation [S]: nothing older exists."""
        self._ring[row] = truth

    def record(self, truth: np.ndarray) -> None:
        """Take the next true observations [B, S]."""
        self._newest = (self._newest + 1) % self._ring.shape[1]
        self._ring[:, self._newest] = truth

    def deliver(self) -> np.ndarray:
        """What each controller is told now, float32 [B, S]."""
        told = self._ring[self._rows, self._newest - self._delay]
        if self._bias.any():
            told = told + self._bias
            turned = (self._bias != 0.0) & self._wraps
            told = np.where(turned, (told + np.pi) % (2 * np.pi) - np.pi, told)
        return told
