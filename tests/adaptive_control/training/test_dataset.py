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
