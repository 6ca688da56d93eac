"""Runs that collect under chosen perturbations, and runs from before that could be chosen."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training import TrainConfig, train

TINY = TrainConfig(
    robot="half-cheetah", model="mb", window=4, future=4, unroll=2, hidden=(8,), rounds=1,
    robots=4, episode_steps=12, random_batches=1, updates=4, final_updates=4, tasks=4,
    validate_every=4, planner="cem:candidates=8,horizon=3,iterations=1,elites=2", threads=1,
)  # fmt: skip


def test_what_is_collected_is_what_was_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    from adaptive_control.training import collect

    seen: list[str] = []
    whole = collect.BatchSimulator

    def spy(robot, perturbations, seeds, threads=0):
        seen.extend(map(str, perturbations))
        return whole(robot, perturbations, seeds, threads=threads)

    monkeypatch.setattr(collect, "BatchSimulator", spy)
    train(dataclasses.replace(TINY, out=tmp_path / "run", perturbations=("mass:1.5@0s",)))
    assert len(seen) == 8
    assert set(seen) == {"mass:1.5@0s"}


def test_a_run_from_before_there_was_the_setting_goes_on(tmp_path: Path):
    out = tmp_path / "run"
    path = train(dataclasses.replace(TINY, out=out))
    made = path.read_bytes()
    settings = json.loads((out / "config.json").read_text())
    del settings["perturbations"]
    (out / "config.json").write_text(json.dumps(settings))
    train(dataclasses.replace(TINY, out=out))
    assert path.read_bytes() == made
    with pytest.raises(AdaptiveControlError, match=r"perturbations=.*'pier'.*: the run in"):
        train(dataclasses.replace(TINY, out=out, perturbations=("pier",)))


def test_a_run_from_before_a_share_was_whole_had_one_in_ten(tmp_path: Path):
    out = tmp_path / "run"
    earlier = dataclasses.replace(TINY, out=out, whole_share=0.1, paired_share=0.5)
    made = train(earlier).read_bytes()
    settings = json.loads((out / "config.json").read_text())
    del settings["whole_share"], settings["paired_share"]
    (out / "config.json").write_text(json.dumps(settings))
    assert train(earlier).read_bytes() == made
    with pytest.raises(AdaptiveControlError, match=r"paired_share=0.0: the run in .* has 0.5"):
        train(dataclasses.replace(TINY, out=out))


def test_what_cannot_be_drawn_from_is_refused_before_anything_is_written(tmp_path: Path):
    with pytest.raises(AdaptiveControlError, match="perturbations=piers: must be a suite of"):
        train(dataclasses.replace(TINY, out=tmp_path / "run", perturbations=("piers",)))
    assert not (tmp_path / "run").exists()
