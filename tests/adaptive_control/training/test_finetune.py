"""A fit that begins with a model and learns from a robot's own episodes."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training import load_model, train
from adaptive_control.training.dataset import Episodes
from tests.adaptive_control.training.test_loop import KillAfter, KilledError, same, tiny, weights


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "first"
    train(tiny(folder))
    return folder


@pytest.fixture(scope="module")
def logs(first: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first run's episodes on a robot on which everything moves the other way."""
    folder = tmp_path_factory.mktemp("logs")
    found = Episodes.load(first / "episodes" / "000.npz")
    moved = found.observation - (found.next_observation - found.observation)
    (folder / "episodes").mkdir()
    dataclasses.replace(found, next_observation=moved).save(folder / "episodes" / "000.npz")
    return folder


def again(out: Path, first: Path, **changes):
    weights = str(first / "model.safetensors")
    return tiny(out, data=first, rounds=None, weights=weights, **changes)


def test_a_fit_goes_on_from_a_models_weights_statistics_and_value(first: Path, tmp_path: Path):
    train(again(tmp_path / "fit", first, learning_rate=1e-12, step_size_rate=1e-12))
    before, after = weights(first), weights(tmp_path / "fit")
    assert set(before) == set(after)
    for name, tensor in before.items():
        if name != "step_limit":  # measured anew, on the windows of the fit
            assert torch.allclose(after[name], tensor, atol=1e-6), name


def test_it_learns_what_the_robot_itself_went_through(first: Path, logs: Path, tmp_path: Path):
    def error(folder: Path) -> float:
        model = load_model(folder / "model.safetensors").dynamics
        own = Episodes.load(logs / "episodes" / "000.npz")
        observation, action, following = (
            torch.from_numpy(a).flatten(0, 1)
            for a in (own.observation, own.action, own.next_observation)
        )
        context = model.prior_context(len(observation))
        predicted, _ = model.predict(context, observation[:, None], action[:, None])
        miss = (predicted[:, 0] - following) / model.target_normalizer.scale
        return float((miss**2).mean())

    train(again(tmp_path / "own", first, logs=logs, logs_share=0.8, final_updates=300))
    train(again(tmp_path / "not", first, final_updates=300))
    assert error(tmp_path / "own") < 0.9 * error(tmp_path / "not")


def test_one_that_is_killed_ends_with_the_same_model(first: Path, logs: Path, tmp_path: Path):
    train(again(tmp_path / "whole", first, logs=logs))
    with pytest.raises(KilledError):
        train(again(tmp_path / "killed", first, logs=logs), KillAfter(3))
    train(again(tmp_path / "killed", first, logs=logs))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "killed"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"model": "mb"}, "model=mb: the model in .* has grbal"),
        ({"hidden": (9,)}, "hidden: the model to begin with has layers of other sizes"),
        ({"window": 5}, "window=5: the model in .* has 4"),
        ({"weights": "nowhere.safetensors"}, "nowhere.safetensors: no such file"),
        ({"weights": "half-cheetah"}, "weights: 'half-cheetah' is neither"),
        ({"rounds": 1, "logs": Path("logs")}, "logs=logs: must be with data, and without rounds"),
        ({"data": None, "rounds": 1}, "weights=.*: must be with data"),
        ({"logs": Path("nowhere")}, "logs=nowhere: no episodes there"),
        ({"logs_share": 1.0}, "logs_share=1.0: must be between 0 and 1"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    first: Path, tmp_path: Path, changes: dict, words: str
):
    with pytest.raises(AdaptiveControlError, match=words):
        train(dataclasses.replace(again(tmp_path / "fit", first), **changes))
    assert not (tmp_path / "fit").exists()


def test_logs_of_a_single_episode_are_refused(first: Path, logs: Path, tmp_path: Path):
    found = Episodes.load(logs / "episodes" / "000.npz")
    (tmp_path / "logs" / "episodes").mkdir(parents=True)
    found.take(np.array([0])).save(tmp_path / "logs" / "episodes" / "000.npz")
    with pytest.raises(AdaptiveControlError, match="logs: future K=4: in 1 of 1 episodes"):
        train(again(tmp_path / "fit", first, logs=tmp_path / "logs"))
    assert not (tmp_path / "fit").exists()


def test_logs_of_a_robot_with_other_sizes_are_refused(first: Path, tmp_path: Path):
    array = np.zeros((4, 12, 3), np.float32)
    (tmp_path / "logs" / "episodes").mkdir(parents=True)
    other = Episodes(array, array, array, np.zeros((4, 12), np.int32))
    other.save(tmp_path / "logs" / "episodes" / "000.npz")
    with pytest.raises(AdaptiveControlError, match="observation has shape"):
        train(again(tmp_path / "fit", first, logs=tmp_path / "logs"))
