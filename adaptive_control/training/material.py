"""What one fit learns from and is judged by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.dataset import Episodes, TaskSampler
from adaptive_control.training.held_out import split
from adaptive_control.training.mixture import Mixture, Sampler

__all__ = ["Material"]


@dataclass(frozen=True)
class Material:
    """Episodes, split.

    Attributes:
        train: episodes of the run to learn from.
        held_out: those to be judged by.
        logs: the same of the robot's own; None without.
    """

    train: Episodes
    held_out: Episodes
    logs: tuple[Episodes, Episodes] | None = None

    @classmethod
    def of(cls, files: Sequence[Path], logs: Sequence[Path], config: TrainConfig) -> Self:
        """Read and split files of episodes.

        Args:
            files: of the run, in order.
            logs: of the robot itself; may be none.
            config: the run's.

        Raises:
            AdaptiveControlError: a file cannot be read, or holds too little.
        """

        def parted(name: str, given: Sequence[Path]) -> tuple[Episodes, Episodes]:
            parts = [Episodes.load(file) for file in given]
            try:
                return split(parts, config.validation_share, config.seed, config.future)
            except AdaptiveControlError as error:
                raise AdaptiveControlError(f"{name}: {error}") from error

        return cls(*parted("data", files), parted("logs", logs) if logs else None)

    def samplers(self, config: TrainConfig) -> tuple[Sampler, Sampler]:
        """Draw tasks to learn from, and tasks to be judged by."""

        def of(data: Episodes, own: Episodes | None) -> Sampler:
            tasks = TaskSampler(data, config.window, config.future)
            if own is None:
                return tasks
            return Mixture(tasks, TaskSampler(own, config.window, config.future), config.logs_share)

        train, held_out = self.logs or (None, None)
        return of(self.train, train), of(self.held_out, held_out)
