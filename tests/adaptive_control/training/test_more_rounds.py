"""A run that goes on collecting from where an earlier one ended."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training import train
from adaptive_control.training.checkpoint import load_model
from adaptive_control.training.dataset import Episodes
from adaptive_control.training.stages import stages
from tests.adaptive_control.training.test_loop import KillAfter, KilledError, same, tiny, weights


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "first"
    train(tiny(folder, model="mb"))
    return folder


def test_rounds_come_after_the_episodes_of_an_earlier_run(first, tmp_path):
    train(tiny(tmp_path / "more", model="mb", data=first, rounds=2))
    files = sorted((tmp_path / "more" / "episodes").iterdir())
    assert [f.name for f in files] == ["000.npz", "001.npz", "002.npz", "003.npz"]
    for name in ("000.npz", "001.npz"):
        earlier = (first / "episodes" / name).read_bytes()
        assert (tmp_path / "more" / "episodes" / name).read_bytes() == earlier
    second, third = (Episodes.load(file).action for file in files[2:])
    assert not np.array_equal(second, third)

    train(tiny(tmp_path / "fit", model="mb", data=tmp_path / "more", rounds=None))
    assert not (tmp_path / "fit" / "episodes").exists()


@pytest.mark.parametrize("events", [2, 5, 8])
def test_such_a_run_resumes_to_the_same_model(first, tmp_path, events):
    changes = {"model": "mb", "data": first, "rounds": 1}
    train(tiny(tmp_path / "whole", **changes))
    with pytest.raises(KilledError):
        train(tiny(tmp_path / "run", **changes), KillAfter(events))
    train(tiny(tmp_path / "run", **changes))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "run"))


def collecting_again(out, first):
    given = str(first / "model.safetensors")
    return tiny(out, model="mb", data=first, weights=given, rounds=2)


def test_a_model_that_is_given_collects_before_it_is_fitted_again(first, tmp_path):
    config = collecting_again(tmp_path / "run", first)
    assert [(s.kind, s.round) for s in stages(config)] == [
        ("collect", 1), ("fit", 2), ("collect", 2), ("fit", 3),
    ]  # fmt: skip
    train(config)
    assert len(list((tmp_path / "run" / "episodes").iterdir())) == 4
    before, after = weights(first), weights(tmp_path / "run")
    statistics = [n for n in before if "normalizer" in n and not n.startswith("value.")]
    assert statistics
    assert all(torch.equal(before[name], after[name]) for name in statistics)
    assert not same(before, after)
    old, new = (load_model(f / "model.safetensors").value for f in (first, tmp_path / "run"))
    assert old is not None
    assert new is not None
    both = zip(old.parameters(), new.parameters(), strict=True)
    assert any(not torch.equal(a, b) for a, b in both), "its terminal value is fitted anew"


@pytest.mark.parametrize("events", [1, 3, 6])
def test_one_that_begins_with_a_model_resumes_to_the_same(first, tmp_path, events):
    train(collecting_again(tmp_path / "whole", first))
    with pytest.raises(KilledError):
        train(collecting_again(tmp_path / "run", first), KillAfter(events))
    train(collecting_again(tmp_path / "run", first))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "run"))


def test_rounds_must_be_as_long_as_the_episodes_they_come_after(first, tmp_path):
    with pytest.raises(AdaptiveControlError, match=r"episode_steps=13: .* its 12 steps"):
        train(tiny(tmp_path / "more", data=first, episode_steps=13))
    assert not (tmp_path / "more").exists()


def test_a_fit_from_before_rounds_had_a_meaning_is_resumed(first, tmp_path):
    fit = tiny(tmp_path / "fit", model="mb", data=first, rounds=None)
    with pytest.raises(KilledError):
        train(fit, KillAfter(2))
    path = tmp_path / "fit" / "config.json"
    settings = json.loads(path.read_text())
    assert settings["rounds"] == 0
    path.write_text(json.dumps(settings | {"rounds": 12}))
    assert train(fit).is_file()
