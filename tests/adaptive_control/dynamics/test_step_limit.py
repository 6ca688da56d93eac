"""No gradient step is longer than those of training; nothing else changes."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptive_control.adaptation.gradient import lengths, less
from adaptive_control.dynamics import Window
from adaptive_control.dynamics.step_limit import StepLimit
from adaptive_control.training import load_model, save_model
from tests.adaptive_control.models import ADAPTIVE, random_window, tiny

LIMITED = [kind for kind in ADAPTIVE if isinstance(tiny(kind), StepLimit)]


def limited(kind: str) -> StepLimit:
    """A tiny model after training, so to speak."""
    dynamics = tiny(kind)
    assert isinstance(dynamics, StepLimit)
    dynamics.limit_steps(random_window(64, 5, 3))
    return dynamics


def wild(factor: float) -> Window:
    """Transitions that no window of `limited` comes near."""
    window = random_window(4, 5, 1)
    return window._replace(next_observation=window.next_observation * factor)


def test_every_method_that_steps_has_a_limit():
    assert {"grbal", "grbal-fo", "gbml", "reptile", "combined"} == set(LIMITED)


@given(
    seed=st.integers(0, 1000), limit=st.floats(1e-3, 1e3), scale=st.floats(1e-6, 1e6),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_long_step_keeps_its_direction(seed, limit, scale):
    draw = torch.Generator().manual_seed(seed)
    shapes = ((3, 4, 2), (3, 2))
    before = tuple(torch.randn(s, generator=draw, dtype=torch.float64) for s in shapes)
    steps = tuple(scale * torch.randn(s, generator=draw, dtype=torch.float64) for s in shapes)
    after = less(before, steps, torch.tensor(limit, dtype=torch.float64))
    gone = tuple(b - a for b, a in zip(before, after, strict=True))
    expected = lengths(steps).clamp_max(limit)
    torch.testing.assert_close(lengths(gone), expected, rtol=1e-6, atol=1e-9)
    for robot in range(3):
        share = expected[robot] / lengths(steps)[robot]
        for part, step in zip(gone, steps, strict=True):
            torch.testing.assert_close(part[robot], share * step[robot], rtol=1e-5, atol=1e-9)


def test_no_step_at_all_stays_finite():
    before = (torch.ones(2, 3),)
    (after,) = less(before, (torch.zeros(2, 3),), torch.tensor(0.5))
    assert torch.equal(after, before[0])


@pytest.mark.parametrize("kind", LIMITED)
def test_short_steps_are_what_they_were(kind):
    """To the last bit: a limit that is not met costs nothing."""
    window = random_window(4, 5, 3)
    free, bound = tiny(kind), limited(kind)
    bound.step_limit.copy_(bound.step_lengths(window).max() * 1.01)
    for a, b in zip(free.adapt(window), bound.adapt(window), strict=True):
        assert torch.equal(a, b)


@pytest.mark.parametrize("kind", [kind for kind in LIMITED if kind != "combined"])
@torch.no_grad()
def test_windows_of_another_world_move_the_model_no_further_than_its_own(kind):
    dynamics = limited(kind)
    assert bool((dynamics.step_lengths(wild(1e4)) > dynamics.step_limit).all())
    prior = dynamics.prior_context(4)
    gone = [c - p for c, p in zip(dynamics.adapt(wild(1e4)), prior, strict=True)]
    steps = getattr(dynamics, "inner_steps", 1)
    assert bool((lengths(tuple(gone)) <= 1.0001 * steps * dynamics.step_limit).all())
    free = tiny(kind)
    further = [c - p for c, p in zip(free.adapt(wild(1e4)), prior, strict=True)]
    assert bool((lengths(tuple(further)) > 10 * lengths(tuple(gone))).all())


@torch.no_grad()
def test_combined_limits_what_lies_between_its_least_squares():
    dynamics, free = limited("combined"), tiny("combined")
    prior = dynamics.prior_context(4)
    # The first layer holds gains and offsets as well, and the last is exact; between them stands
    # what took the step alone.
    for model, holds in ((dynamics, True), (free, False)):
        gone = tuple(c - p for c, p in zip(model.adapt(wild(1e3))[2:-2], prior[2:-2], strict=True))
        assert bool((lengths(gone) <= 1.0001 * dynamics.step_limit).all()) is holds


@pytest.mark.parametrize("kind", LIMITED)
def test_nineteen_of_twenty_are_not_shortened(kind):
    dynamics, window = limited(kind), random_window(64, 5, 3)
    free = float((dynamics.step_lengths(window) <= dynamics.step_limit).double().mean())
    assert 0.93 < free < 0.97


def test_a_saved_model_keeps_its_limit_and_an_older_one_has_none(tmp_path):
    dynamics = limited("grbal").float()
    path = tmp_path / "m.safetensors"
    about = {"robot": "half-cheetah", "window": 5, "hidden": (8, 8), "metadata": {}}
    save_model(path, dynamics, **about)
    loaded = load_model(path).dynamics
    assert isinstance(loaded, StepLimit)
    assert loaded.limit is not None
    assert torch.equal(loaded.limit, dynamics.step_limit)

    old = {n: v for n, v in dynamics.state_dict().items() if n != "step_limit"}
    again = tiny("grbal").float()
    again.load_state_dict(old)
    assert again.limit is None
