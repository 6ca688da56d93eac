"""Whom a model is judged by is never learned from, in no fit of a run."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training.dataset import Episodes
from adaptive_control.training.held_out import split


def named(first: int, count: int, falls: int = 0) -> Episodes:
    """Episodes of 6 steps told apart by their observation; the first `falls` fall at each step."""
    rows = np.broadcast_to(np.arange(first, first + count)[:, None, None], (count, 6, 1))
    segment = np.zeros((count, 6), np.int32)
    segment[:falls] = np.arange(6)
    values = rows.astype(np.float32)
    return Episodes(values, values, values, segment)


def names(episodes: Episodes) -> set[int]:
    return set(episodes.observation[:, 0, 0].astype(int).tolist())


@given(
    sizes=st.lists(st.integers(2, 40), min_size=1, max_size=6),
    share=st.floats(0.02, 0.9),
    seed=st.integers(0, 2**32),
)
@settings(max_examples=80, deadline=None)
def test_no_episode_that_was_learned_from_is_held_out_as_data_grow(sizes, share, seed):
    parts = [named(100 * number, size) for number, size in enumerate(sizes)]
    learned: set[int] = set()
    for rounds in range(1, len(parts) + 1):
        train, held = split(parts[:rounds], share, seed, future=3)
        assert names(train) | names(held) == names(Episodes.join(parts[:rounds]))
        assert not names(train) & names(held)
        assert names(held)
        assert names(train)
        assert not names(held) & learned
        learned |= names(train)


def test_about_the_share_is_held_out_of_every_file():
    train, held = split([named(0, 400), named(1000, 400)], 0.1, 0, future=3)
    assert 25 <= len({n for n in names(held) if n < 1000}) <= 60
    assert 25 <= len({n for n in names(held) if n >= 1000}) <= 60
    assert len(train) + len(held) == 800


def test_who_falls_at_once_is_never_held_out():
    """What is held out is there to judge a model by: K transitions without a fall in between."""
    for seed in range(8):
        train, held = split([named(0, 10, falls=8), named(100, 10, falls=10)], 0.1, seed, 3)
        assert names(held) == {9}
        assert len(train) == 19


def test_a_single_robot_that_stays_up_is_not_enough():
    with pytest.raises(AdaptiveControlError, match="future K=3: in 1 of 4 episodes a robot stayed"):
        split([named(0, 4, falls=3)], 0.1, 0, future=3)


def test_where_nobody_falls_early_the_split_is_the_same_for_every_future():
    first, second = (split([named(0, 20)], 0.3, seed=1, future=future) for future in (1, 5))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.observation, other.observation)
