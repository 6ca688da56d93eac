"""Which episodes are held out: decided once for each, whatever is collected after it.

A run's weights go from one fit to the next while its data grow. An episode that one fit learned
from must not judge the next one, so membership hangs on the episode alone: on the number of the
file it lies in and its place there, not on how many others there are.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training.dataset import Episodes

__all__ = ["split"]


def split(
    parts: Sequence[Episodes], share: float, seed: int, future: int = 1
) -> tuple[Episodes, Episodes]:
    """Training and validation episodes; whole episodes, so that no transition leaks.

    Robots that fall at once, as many do before anything is learned, leave nothing that a model
    could be judged by: only episodes with `future` transitions between two falls are held out.

    Args:
        parts: the files of a run, in the order in which they were collected.
        share: of the episodes that is held out, each by its own chance.
        seed: of the run.
        future: K.

    Raises:
        AdaptiveControlError: there are not two such episodes, one to learn from and one to be
            judged by.
    """
    episodes = Episodes.join(parts)
    chance = np.concatenate(
        [np.random.default_rng((seed, number)).random(len(p)) for number, p in enumerate(parts)]
    )
    lasts = np.asarray(episodes.starts(future).any(axis=1))
    if lasts.sum() < 2:
        raise AdaptiveControlError(
            f"future K={future}: in {lasts.sum()} of {len(episodes)} episodes a robot stayed "
            "up that long; allowed: a shorter future, or more data (robots, random-batches)"
        )
    held = lasts & (chance < share)
    # The first of them is always learned from, and somebody is held out from the beginning.
    first, *others = np.flatnonzero(lasts)
    held[first] = False
    held[min(others, key=lambda episode: chance[episode])] = True
    return episodes.take(np.flatnonzero(~held)), episodes.take(np.flatnonzero(held))
