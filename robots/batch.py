"""Many simulated robots side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from robots.episodes import Episodes, Step
from robots.errors import RobotError
from robots.perturbations import Perturbations
from robots.physics import BatchPhysics, Physics
from robots.robot import Robot
from robots.simulator import resolve

__all__ = ["BatchSimulator"]


class BatchSimulator:
    """B robots of one kind, each under its own perturbations, on all cores.

    Row by row, the results are those of `Simulator`, bit for bit.

    Args:
        robot: a robot, or its name.
        perturbations: of each row, as objects or text [B].
        seeds: of each row's generator [B].
        threads: to use; 0: one for each core.
        physics: what moves them; None: MuJoCo.

    Raises:
        RobotError: there is no such robot, it cannot be perturbed like this, or the lengths differ.
    """

    def __init__(
        self,
        robot: str | Robot,
        perturbations: Sequence[str | Perturbations],
        seeds: Sequence[int],
        threads: int = 0,
        physics: Physics | None = None,
    ):
        if not len(perturbations) == len(seeds) > 0:
            raise RobotError(
                f"batch: {len(perturbations)} perturbations and {len(seeds)} seeds are not "
                "allowed; allowed: as many of one as of the other, at least one"
            )
        resolved = [resolve(robot, perturbation) for perturbation in perturbations]
        self.robot = resolved[0][0]
        self._physics = physics or BatchPhysics(self.robot, len(seeds), threads)
        self._episodes = Episodes(self.robot, seeds, self._physics)
        self._episodes.perturbations = [perturbation for _, perturbation in resolved]
        self.reset()

    @property
    def size(self) -> int:
        """B."""
        return len(self._episodes.perturbations)

    @property
    def perturbations(self) -> tuple[Perturbations, ...]:
        """Of each row [B]."""
        return tuple(self._episodes.perturbations)

    @property
    def time(self) -> np.ndarray:
        """Since the start of each episode [B] [s]."""
        return self._episodes.time

    @property
    def position(self) -> np.ndarray:
        """Each torso in the world [B, 3] [m]."""
        return self._episodes.position

    @property
    def observation(self) -> np.ndarray:
        """What each controller was told last, float32 [B, S]."""
        return self._episodes.observation.copy()

    def reset(
        self,
        ids: Sequence[int] | None = None,
        seeds: Sequence[int] | None = None,
        perturbations: Sequence[str | Perturbations] | None = None,
    ) -> np.ndarray:
        """Start episodes.

        Args:
            ids: the rows that start anew; None: all.
            seeds: of a new generator for each of them; None: the present ones go on.
            perturbations: for each of them; None: the same as before.

        Returns:
            The observations of all rows, float32 [B, S].

        Raises:
            RobotError: a row does not exist, a length differs, or a perturbation is bad.
        """
        rows = range(self.size) if ids is None else [int(row) for row in ids]
        for row in rows:
            if not 0 <= row < self.size:
                raise RobotError(f"batch: row {row} is not allowed; allowed: 0 to {self.size - 1}")
        for name, given in (("seeds", seeds), ("perturbations", perturbations)):
            if given is not None and len(given) != len(rows):
                raise RobotError(
                    f"batch: {len(given)} {name} for {len(rows)} rows; allowed: one for each"
                )
        if perturbations is None:
            chosen = [self._episodes.perturbations[row] for row in rows]
        else:
            chosen = [resolve(self.robot, perturbation)[1] for perturbation in perturbations]
        for i, row in enumerate(rows):
            self._episodes.reset(row, None if seeds is None else seeds[i], chosen[i])
        return self.observation

    def step(self, actions: Any) -> Step:
        """Advance every row by one control period.

        Args:
            actions: [B, A]; beyond the limits of the spec they are clipped to them.

        Returns:
            Observations float32 [B, S], rewards float32 [B], fallen bool [B], times [B] [s].

        Raises:
            RobotError: the actions have another shape, or a value that is not finite.
        """
        return self._episodes.step(actions)
