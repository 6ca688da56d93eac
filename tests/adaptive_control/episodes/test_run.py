"""Robots side by side, each as if it were alone."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from adaptive_control.episodes import run_episodes
from adaptive_control.pretrained import pretrained_path
from adaptive_control.training import LoadedModel, load_model
from controllers import load_planner
from robots import get_robot

PLANNER = load_planner("cem:candidates=16,horizon=5,iterations=1,elites=4")
CHEETAH = get_robot("half-cheetah")
STEPS = 24


@pytest.fixture(scope="module")
def grbal() -> LoadedModel:
    return load_model(pretrained_path("half-cheetah", "grbal"))


@pytest.fixture(scope="module")
def mb() -> LoadedModel:
    return load_model(pretrained_path("half-cheetah", "mb"))


def test_each_robot_has_its_own_perturbation_and_seed(grbal: LoadedModel) -> None:
    faults = ["none", "actuator-gain:-1@0.5s", "none"]
    run = run_episodes(grbal, CHEETAH, faults, PLANNER, [3, 3, 4], STEPS)
    first, broken, other = (run.position[:, robot] for robot in range(3))
    onset = round(0.5 / CHEETAH.spec.dt)
    # One matrix product over three robots rounds otherwise in each row; a gallop makes it larger.
    np.testing.assert_allclose(first[: onset + 1], broken[: onset + 1], atol=1e-3)
    assert abs(first - broken).max() > 0.05
    assert abs(first - other).max() > 0.01


def test_one_text_is_the_perturbation_of_all(grbal: LoadedModel) -> None:
    each = run_episodes(grbal, CHEETAH, ["slope:8"] * 2, PLANNER, [0, 1], 6)
    all_ = run_episodes(grbal, CHEETAH, "slope:8", PLANNER, [0, 1], 6)
    np.testing.assert_array_equal(each.observation, all_.observation)


def test_a_later_model_takes_over_at_its_step(grbal: LoadedModel, mb: LoadedModel) -> None:
    alone = run_episodes(mb, CHEETAH, "none", PLANNER, [0], 12)
    handed = run_episodes(mb, CHEETAH, "none", PLANNER, [0], 12, later=[(8, grbal)])
    np.testing.assert_array_equal(alone.actions[:8], handed.actions[:8])
    assert (alone.actions[8:] != handed.actions[8:]).any()
    assert (alone.model, handed.model) == ("mb", "grbal")
    assert np.isnan(handed.error_before[8]).all(), "who takes over has predicted nothing yet"


def test_what_lies_is_in_segments_of_one_step(mb: LoadedModel) -> None:
    run = run_episodes(mb, CHEETAH, "none", PLANNER, [0, 1], 10)
    fallen = np.zeros((10, 2), bool)
    fallen[6:, 1] = True
    part = replace(run, fallen=fallen).transitions(4, 9)
    np.testing.assert_array_equal(part.observation, np.swapaxes(run.observation[4:9], 0, 1))
    np.testing.assert_array_equal(part.next_observation, np.swapaxes(run.observation[5:10], 0, 1))
    np.testing.assert_array_equal(part.action, np.swapaxes(run.actions[4:9], 0, 1))
    assert part.segment.tolist() == [[0, 0, 0, 0, 0], [0, 0, 1, 2, 3]]


def test_progress_hears_of_every_step(mb: LoadedModel) -> None:
    heard: list[tuple[int, float]] = []
    run = run_episodes(
        mb, CHEETAH, "none", PLANNER, [0, 1], 4, progress=lambda *said: heard.append(said)
    )
    assert [step for step, _ in heard] == [1, 2, 3, 4]
    np.testing.assert_allclose([speed for _, speed in heard], run.speed.mean(1))
