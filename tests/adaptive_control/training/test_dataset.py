from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training.dataset import Episodes, TaskSampler
from tests.adaptive_control.training.episodes import plant_episodes


def numbered(count: int, steps: int, resets: list[int]) -> Episodes:
    """Observations that say where they come from: (episode, time)."""
    episode, time = np.meshgrid(np.arange(count), np.arange(steps), indexing="ij")
    observation = np.stack([episode, time], axis=-1).astype(np.float32)
    following = observation + np.array([0, 1], np.float32)
    segment = sum((time >= reset).astype(np.int32) for reset in resets)
    segment = np.broadcast_to(segment, time.shape).astype(np.int32)
    return Episodes(observation, observation[..., :1], following, segment)


@given(
    window=st.integers(1, 8), future=st.integers(1, 6), seed=st.integers(0, 99),
    resets=st.lists(st.integers(1, 19), max_size=3), full=st.booleans(),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_windows_and_futures_are_contiguous_and_cross_no_reset(window, future, seed, resets, full):
    episodes = numbered(3, 20, resets)
    try:
        sampler = TaskSampler(episodes, window, future)
    except AdaptiveControlError:
        pytest.fail("episodes are long enough")
    if len(sampler) == 0:
        return
    past, ahead = sampler.draw(32, np.random.default_rng(seed), full_windows=full)
    start = ahead.observation[:, 0]
    steps = torch.arange(future)
    assert torch.equal(ahead.observation[..., 1], start[:, 1:] + steps)
    assert bool((ahead.observation[..., 0] == start[:, :1]).all())
    segment = torch.from_numpy(episodes.segment[0].astype(np.int64))
    assert bool((segment[ahead.observation[..., 1].long()] == segment[start[:, 1:].long()]).all())
    mask = past.mask[..., 0] > 0
    offsets = torch.arange(-window, 0)
    expected = start[:, 1:] + offsets
    assert torch.equal(past.observation[..., 1][mask], expected[mask])
    assert bool((past.observation[..., 0] == start[:, :1])[mask].all())
    # Empty slots only at the front.
    assert bool((mask.int().diff(dim=1) >= 0).all())
    where = expected.clamp_min(0).long()
    allowed = (expected >= 0) & (segment[where] == segment[start[:, 1:].long()])
    assert bool((mask <= allowed).all())
    if full:
        assert torch.equal(mask, allowed)


def test_some_windows_are_cut_short():
    sampler = TaskSampler(numbered(2, 60, []), 8, 4, short_share=0.5)
    past, ahead = sampler.draw(400, np.random.default_rng(0))
    late = ahead.observation[:, 0, 1] >= 8
    lengths = past.mask[late].sum(dim=(1, 2))
    assert set(lengths.int().tolist()) == set(range(9))


def test_future_longer_than_the_episodes_is_refused():
    with pytest.raises(AdaptiveControlError, match=r"future K=31.*30 transitions"):
        TaskSampler(plant_episodes(), 4, 31)


def test_saved_episodes_come_back_whole(tmp_path):
    episodes = plant_episodes()
    episodes.save(tmp_path / "a.npz")
    again = Episodes.load(tmp_path / "a.npz")
    for name in ("observation", "action", "next_observation", "segment"):
        assert np.array_equal(getattr(again, name), getattr(episodes, name))
    (tmp_path / "b.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:500])
    with pytest.raises(AdaptiveControlError, match=r"b\.npz"):
        Episodes.load(tmp_path / "b.npz")


def test_split_keeps_every_episode_once():
    train, held = numbered(20, 5, []).split(0.2, seed=3)
    ids = np.concatenate([train.observation[:, 0, 0], held.observation[:, 0, 0]])
    assert len(held) == 4
    assert sorted(ids.tolist()) == list(range(20))


def falling(segments):
    """Episodes of which these are the segments, told apart by their first observation."""
    count, length = len(segments), len(segments[0])
    rows = np.broadcast_to(np.arange(count, dtype=np.float32)[:, None, None], (count, length, 1))
    return Episodes(rows, rows, rows, np.array(segments, dtype=np.int32))


def test_who_falls_at_once_is_never_held_out():
    """What is held out is there to judge a model by: K transitions without a fall in between."""
    steady, shaky = [0] * 6, [0, 1, 2, 3, 4, 5]
    episodes = falling([shaky, steady, shaky, [0, 0, 1, 1, 1, 2], *[shaky] * 16])
    for seed in range(8):
        train, held = episodes.split(0.1, seed, future=3)
        assert held.observation[0, 0, 0] in (1, 3)
        assert len(held) == 1
        assert len(train) == 19
        assert TaskSampler(train, 2, 3)  # one of the two is left to learn from
    with pytest.raises(
        AdaptiveControlError, match="future K=5: in 1 of 20 episodes a robot stayed up that long"
    ):
        episodes.split(0.1, 0, future=5)


def test_where_nobody_falls_early_the_split_is_the_same_for_every_future():
    episodes = numbered(20, 8, [])
    first, second = (episodes.split(0.3, seed=1, future=future) for future in (1, 8))
    for one, other in zip(first, second, strict=True):
        assert np.array_equal(one.observation, other.observation)
