"""Tasks from data and from logs: as many from each as asked for, whatever their sizes."""

from __future__ import annotations

import numpy as np
import pytest

from adaptive_control.training.dataset import Episodes, TaskSampler
from adaptive_control.training.logged import cut
from adaptive_control.training.mixture import Mixture


def all_of(value: float, count: int) -> Episodes:
    array = np.full((count, 20, 2), value, np.float32)
    return Episodes(array, array[..., :1], array, np.zeros((count, 20), np.int32))


def tasks(episodes: Episodes) -> TaskSampler:
    return TaskSampler(episodes, 4, 3)


@pytest.mark.parametrize(
    ("share", "count", "own"),
    [(0.5, 32, 16), (0.25, 8, 2), (0.01, 8, 1), (0.99, 8, 7), (0.5, 1, 1)],
)
def test_a_share_of_the_tasks_is_the_robots_own(share: float, count: int, own: int):
    mixture = Mixture(tasks(all_of(0.0, 200)), tasks(all_of(1.0, 2)), share)
    for full in (True, False):
        window, future = mixture.draw(count, np.random.default_rng(0), full_windows=full)
        assert future.observation.shape == (count, 3, 2)
        assert window.mask.shape == (count, 4, 1)
        assert int((future.observation[:, 0, 0] == 1).sum()) == own


def test_a_stream_is_cut_into_episodes_of_one_length():
    stream = all_of(0.0, 1)
    rows = np.arange(23, dtype=np.float32)[:, None]
    stream = Episodes(rows, rows, rows + 1, np.repeat([0, 1], [11, 12]).astype(np.int32))
    episodes, left_over = cut(stream, 5)
    assert (len(episodes), left_over) == (4, 3)
    assert episodes.observation[2, :, 0].tolist() == [10, 11, 12, 13, 14]
    assert episodes.segment[2].tolist() == [0, 1, 1, 1, 1]
    none, left_over = cut(stream, 24)
    assert (len(none), left_over) == (0, 23)
