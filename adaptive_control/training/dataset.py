"""Recorded episodes, and the tasks (window, future) that meta-training draws from them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from adaptive_control.dynamics.window import Window
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import atomic_path, write_bytes

__all__ = ["Episodes", "TaskSampler", "copy_episodes", "episode_copy", "episode_files"]

_ARRAYS = ("observation", "action", "next_observation", "segment")


@dataclass(frozen=True)
class Episodes:
    """E episodes of T transitions each.

    Attributes:
        observation: `[E, T, S]` float32.
        action: `[E, T, A]` float32, as applied.
        next_observation: `[E, T, S]` float32.
        segment: `[E, T]` int32, grows by one after every reset inside an episode, so that no
            window and no future reaches across a fall.
    """

    observation: np.ndarray
    action: np.ndarray
    next_observation: np.ndarray
    segment: np.ndarray

    def __len__(self) -> int:
        return self.observation.shape[0]

    @property
    def transitions(self) -> int:
        """E * T."""
        return self.segment.size

    @staticmethod
    def join(parts: Sequence[Episodes]) -> Episodes:
        """All parts, one after the other; they must share T."""
        return Episodes(*(np.concatenate([getattr(p, n) for p in parts]) for n in _ARRAYS))

    def take(self, index: np.ndarray) -> Episodes:
        """The episodes at `index`."""
        return Episodes(*(getattr(self, n)[index] for n in _ARRAYS))

    def starts(self, future: int) -> np.ndarray:
        """Where no fall is within `future` transitions, `[E, T - future + 1]` bool.

        Raises:
            AdaptiveControlError: the episodes are shorter than that.
        """
        length = self.segment.shape[1]
        if length < future:
            raise AdaptiveControlError(
                f"future K={future}: longer than the episodes, which have {length} transitions"
            )
        return self.segment[:, : length - future + 1] == self.segment[:, future - 1 :]

    def save(self, path: Path) -> None:
        """Write as `.npz`, atomically."""
        with atomic_path(path) as temporary, open(temporary, "wb") as file:
            np.savez(file, **{name: getattr(self, name) for name in _ARRAYS})

    @staticmethod
    def load(path: Path) -> Episodes:
        """Read what `save` wrote.

        Raises:
            AdaptiveControlError: the file is missing, truncated or not of this kind.
        """
        try:
            with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as file:
                return Episodes(*(file[name] for name in _ARRAYS))
        except Exception as error:
            raise AdaptiveControlError(
                f"episodes {path}: cannot be read ({error}); expected the .npz of a training run"
            ) from error


class TaskSampler:
    """Draws tasks: adapt on the M transitions before time t, be scored on the K from t on.

    Windows are as the controller will see them: shorter than M after a reset, and now and then
    cut short on purpose, so that the model with little or no evidence is trained as well.

    Args:
        episodes: where tasks come from.
        window: M.
        future: K.
        short_share: share of the windows that are cut short.
        only_full: leave out times t before which the segment has fewer than M transitions.
    """

    def __init__(
        self,
        episodes: Episodes,
        window: int,
        future: int,
        short_share: float = 0.15,
        only_full: bool = False,
    ):
        self._arrays = [
            torch.from_numpy(getattr(episodes, n))
            for n in ("observation", "action", "next_observation")
        ]
        self._segment = episodes.segment
        self._window, self._future, self._short_share = window, future, short_share
        starts = np.argwhere(episodes.starts(future))
        if only_full:
            starts = starts[starts[:, 1] >= window]
            episode, time = starts.T
            same = episodes.segment[episode, time - window] == episodes.segment[episode, time]
            starts = starts[same]
        self._starts = starts

    def __len__(self) -> int:
        return len(self._starts)

    def draw(
        self, tasks: int, rng: np.random.Generator, *, full_windows: bool = False
    ) -> tuple[Window, Window]:
        """Draw tasks.

        Args:
            tasks: how many, B.
            rng: source of randomness.
            full_windows: do not cut windows short (used for validation).

        Returns:
            The window `[B, M, ...]` and the future `[B, K, ...]` (its mask is all ones).

        Raises:
            AdaptiveControlError: there are no tasks.
        """
        if not len(self):
            raise AdaptiveControlError(
                f"future K={self._future}: no robot stayed up that long; "
                "allowed: a shorter future, or more data"
            )
        chosen = self._starts[rng.integers(len(self._starts), size=tasks)]
        episode, start = chosen[:, :1], chosen[:, 1:]
        past = start + np.arange(-self._window, 0)
        inside = np.maximum(past, 0)
        same = self._segment[episode, inside] == self._segment[episode, start]
        mask = (past >= 0) & same
        cut = rng.random((tasks, 1)) < (0.0 if full_windows else self._short_share)
        kept = rng.integers(0, self._window + 1, size=(tasks, 1))
        mask &= ~cut | (np.arange(self._window) >= self._window - kept)
        ahead = start + np.arange(self._future)
        ones = torch.ones(tasks, self._future, 1)
        return (
            Window(*self._gather(episode, inside), torch.from_numpy(mask).float().unsqueeze(-1)),
            Window(*self._gather(episode, ahead), ones),
        )

    def _gather(self, episode: np.ndarray, time: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        observation, action, following = (a[episode, time] for a in self._arrays)
        return observation, action, following


def episode_files(run: Path) -> list[Path]:
    """The files of a training run's episodes, in the order in which they were collected."""
    return sorted((run / "episodes").glob("*.npz"))


def episode_copy(run: Path, number: int) -> Path:
    """Where a run keeps a file of episodes; those that it was given come first."""
    return run / "episodes" / f"{number:03d}.npz"


def copy_episodes(files: Sequence[Path], run: Path) -> list[Path]:
    """Bring another run's episodes into `run`, so that its folder is a whole dataset."""
    copies = [episode_copy(run, number) for number in range(len(files))]
    for file, copy in zip(files, copies, strict=True):
        if not copy.exists():
            write_bytes(copy, file.read_bytes())
    return copies
