"""Tasks from two sources: the data of a run and, a share of them, the robot's own logs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from adaptive_control.dynamics.window import Window
from adaptive_control.training.dataset import TaskSampler

__all__ = ["Mixture", "Sampler"]


class Sampler(Protocol):
    """Draws tasks; `TaskSampler` is one."""

    def draw(
        self, tasks: int, rng: np.random.Generator, *, full_windows: bool = False
    ) -> tuple[Window, Window]:
        """Windows `[B, M, ...]` and futures `[B, K, ...]`."""
        ...


class Mixture:
    """Draws the same number from each source every time, whatever their sizes.

    Args:
        data: of the run.
        logs: of the robot itself.
        share: of the tasks that come from the logs; rounded, at least one from each.
    """

    def __init__(self, data: TaskSampler, logs: TaskSampler, share: float):
        self._data, self._logs, self._share = data, logs, share

    def draw(
        self, tasks: int, rng: np.random.Generator, *, full_windows: bool = False
    ) -> tuple[Window, Window]:
        """Draw tasks, as `TaskSampler.draw`; those from the data come first."""
        own = min(max(1, round(self._share * tasks)), max(1, tasks - 1))
        parts = [
            source.draw(count, rng, full_windows=full_windows)
            for source, count in ((self._data, tasks - own), (self._logs, own))
            if count
        ]
        return _joined([window for window, _ in parts]), _joined([future for _, future in parts])


def _joined(windows: Sequence[Window]) -> Window:
    return Window(*(torch.cat(arrays) for arrays in zip(*windows, strict=True)))
