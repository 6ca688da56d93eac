from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from adaptive_control.dynamics import make_dynamics
from adaptive_control.dynamics.grbal import GrBAL
from adaptive_control.episodes import k_step_error
from tests.adaptive_control.models import LAYOUT
from tests.adaptive_control.training.episodes import plant_episodes


def test_errors_grow_from_the_recorded_start_and_mb_gains_nothing():
    dynamics = make_dynamics("mb", LAYOUT, (8,), seed=0)
    error = k_step_error(dynamics, plant_episodes(), window=4, steps=3)
    assert error is not None
    assert error.before.shape == error.after.shape == (3,)
    assert np.array_equal(error.before, error.after)
    assert error.ratio == pytest.approx(1.0)


def test_a_model_that_is_right_has_no_error():
    """Episodes in which nothing moves, and a network whose output is exactly zero."""
    still = plant_episodes()
    constant = np.zeros_like(still.observation) + 0.5
    still = dataclasses.replace(still, observation=constant, next_observation=constant)
    dynamics = GrBAL(LAYOUT, (8,), torch.Generator().manual_seed(0))
    with torch.no_grad():
        dynamics.theta[2].zero_()
        dynamics.theta[3].zero_()
        dynamics.theta[3][4] = 0.5  # the field that is predicted by value
    error = k_step_error(dynamics, still, window=4, steps=3)
    assert error is not None
    assert np.abs(error.before).max() < 1e-9
    assert np.abs(error.after).max() < 1e-9


def test_windows_that_cross_a_fall_are_left_out():
    episodes = plant_episodes(count=2, steps=20)
    every_step = np.broadcast_to(np.arange(20, dtype=np.int32), (2, 20))
    lying = dataclasses.replace(episodes, segment=every_step)
    dynamics = make_dynamics("mb", LAYOUT, (8,), seed=0)
    assert k_step_error(dynamics, lying, window=4, steps=3) is None
