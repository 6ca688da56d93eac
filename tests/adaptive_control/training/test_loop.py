"""A whole, tiny training run: what it writes, how it resumes, what it refuses."""

from __future__ import annotations

import csv
import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.lock import alone
from adaptive_control.training import TrainConfig, load_model, train
from adaptive_control.training.dataset import Episodes
from adaptive_control.training.loop import TrainingRun
from adaptive_control.training.report import LOG_COLUMNS, SilentReporter
from robots import RobotError

TINY = TrainConfig(
    robot="half-cheetah", model="grbal", window=4, future=4, unroll=2, hidden=(8,), rounds=1,
    robots=6, episode_steps=12, random_batches=2, updates=20, final_updates=30, tasks=4,
    validate_every=10, planner="cem:candidates=8,horizon=3,iterations=1,elites=2", threads=1,
)  # fmt: skip


class KilledError(Exception):
    pass


class KillAfter(SilentReporter):
    """Stops the run at the n-th sign of life, wherever that is."""

    def __init__(self, events: int):
        self.left = events

    def progress(self, done: int, figures: str) -> None:
        self.left -= 1
        if self.left == 0:
            raise KilledError

    def line(self, text: str) -> None:
        self.progress(0, text)


def tiny(folder: Path, **changes) -> TrainConfig:
    return dataclasses.replace(TINY, out=folder, **changes)


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "whole"
    train(tiny(folder))
    return folder


def weights(folder: Path) -> dict[str, torch.Tensor]:
    """Those of the model and of its terminal value."""
    loaded = load_model(folder / "model.safetensors", "half-cheetah")
    assert loaded.value is not None
    value = {f"value.{name}": tensor for name, tensor in loaded.value.state_dict().items()}
    return {**loaded.dynamics.state_dict(), **value}


def log(folder: Path) -> list[dict[str, str]]:
    with open(folder / "log.csv") as file:
        return list(csv.DictReader(file))


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(v, second[n]) for n, v in first.items())


def test_a_run_leaves_its_settings_log_data_and_model(finished):
    assert sorted(p.name for p in finished.iterdir()) == [
        ".lock", "config.json", "episodes", "log.csv", "model.safetensors", "state.safetensors",
    ]  # fmt: skip
    rows = log(finished)
    assert tuple(rows[0]) == LOG_COLUMNS
    # Random data, then 4 validations (the first fit is twice as long), a collection, 3 more.
    assert [row["stage"] for row in rows] == ["random"] + 4 * ["fit"] + ["collect"] + 3 * ["fit"]
    assert all(float(r["error_after"]) > 0 for r in rows if r["stage"] == "fit")
    collected = rows[5]
    assert float(collected["return"]) == float(collected["return"])
    assert float(collected["transitions"]) == 6 * 12
    loaded = load_model(finished / "model.safetensors")
    assert loaded.window == 4
    assert loaded.metadata["settings"]["seed"] == 0
    assert set(loaded.metadata["seconds"]) == {"random", "fit", "collect"}
    assert float(loaded.dynamics.state_dict()["step_limit"]) > 0  # the last fit's last word


@pytest.mark.parametrize("events", [1, 3, 5, 11, 17])
def test_an_interrupted_run_ends_with_the_same_model(finished, tmp_path, events):
    folder = tmp_path / "run"
    with pytest.raises(KilledError):
        train(tiny(folder), KillAfter(events))
    assert not (folder / "model.safetensors").exists()
    train(tiny(folder))
    assert same(weights(finished), weights(folder))
    columns = ("stage", "update", "error_after", "return")
    first, second = ([[row[c] for c in columns] for row in log(f)] for f in (finished, folder))
    assert first == second


def test_a_run_killed_with_sigkill_resumes_to_the_same_model(finished, tmp_path):
    folder = tmp_path / "run"
    code = (
        "import json, sys; from pathlib import Path; "
        "from adaptive_control.training import TrainConfig, train; "
        "v = json.loads(sys.argv[1]); v['hidden'] = tuple(v['hidden']); "
        "train(TrainConfig(**{**v, 'out': Path(v['out'])}))"
    )
    settings = json.dumps(dataclasses.asdict(tiny(folder)), default=str)
    process = subprocess.Popen([sys.executable, "-W", "ignore", "-c", code, settings])
    deadline = time.monotonic() + 120
    while not (folder / "state.safetensors").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert (folder / "state.safetensors").exists()
    train(tiny(folder))
    assert same(weights(finished), weights(folder))


def test_two_processes_do_not_train_in_one_folder(tmp_path):
    refused = pytest.raises(AdaptiveControlError, match="another process is training in")
    with alone(tmp_path, "training"), refused:
        train(tiny(tmp_path))
    assert not (tmp_path / "episodes").exists()


def test_of_two_runs_that_find_a_free_folder_one_gets_it(tmp_path):
    one, other = (TrainingRun(tiny(tmp_path, seed=seed), SilentReporter()) for seed in (1, 2))
    one.run()
    with pytest.raises(AdaptiveControlError, match=r"seed=2: the run in .* has 1"):
        other.run()
    assert load_model(tmp_path / "model.safetensors").metadata["settings"]["seed"] == 1


def test_another_model_fits_on_the_same_data(finished, tmp_path):
    folder = tmp_path / "mb"
    train(tiny(folder, model="mb", data=finished, rounds=None))
    loaded = load_model(folder / "model.safetensors", "half-cheetah")
    assert loaded.kind == "mb"
    assert not (folder / "episodes").exists()
    collected = load_model(finished / "model.safetensors", "half-cheetah")
    assert loaded.metadata["value"]["explained"] == collected.metadata["value"]["explained"]


def test_a_run_on_data_goes_on_from_another_working_folder(finished, tmp_path, monkeypatch):
    folder = tmp_path / "mb"
    with pytest.raises(KilledError):
        train(tiny(folder, model="mb", data=finished, rounds=None), KillAfter(2))
    monkeypatch.chdir(finished.parent)
    train(tiny(folder, model="mb", data=Path(finished.name), rounds=None))
    assert (folder / "model.safetensors").is_file()
    with pytest.raises(AdaptiveControlError, match=r"data=.*whole: the run in .* has None"):
        train(tiny(finished, data=Path(finished.name)))


def test_rounds_may_be_collected_with_a_terminal_value(finished, tmp_path):
    planner = f"{TINY.planner},terminal=1"
    with pytest.raises(KilledError):
        train(tiny(tmp_path / "run", planner=planner), KillAfter(11))
    train(tiny(tmp_path / "run", planner=planner))
    train(tiny(tmp_path / "whole", planner=planner))
    assert same(weights(tmp_path / "whole"), weights(tmp_path / "run"))
    plain, valued = (
        Episodes.load(f / "episodes" / "001.npz") for f in (finished, tmp_path / "run")
    )
    assert not np.array_equal(plain.action, valued.action)
    with pytest.raises(AdaptiveControlError, match=r"discount=0: .* must be above 0"):
        train(tiny(tmp_path / "none", planner=planner, discount=0.0))
    assert not (tmp_path / "none").exists()


def test_no_terminal_value_is_fitted_without_discount(finished, tmp_path):
    folder = tmp_path / "plain"
    train(tiny(folder, data=finished, discount=0.0, rounds=None))
    loaded = load_model(folder / "model.safetensors", "half-cheetah")
    assert loaded.value is None
    assert "value" not in loaded.metadata


def test_a_finished_run_is_not_changed_by_another_seed(finished):
    before = (finished / "model.safetensors").read_bytes()
    with pytest.raises(AdaptiveControlError, match=r"seed=1: the run in .* has 0"):
        train(tiny(finished, seed=1))
    assert (finished / "model.safetensors").read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"robot": "half-cheeta"}, "half-cheeta"),
        ({"unroll": 3}, "unroll=3: must be a divisor"),
        ({"tasks": 0}, "tasks=0: must be at least 1"),
        ({"learning_rate": float("nan")}, "learning_rate=nan"),
        ({"whole_share": 1.5}, "whole_share=1.5: must be from 0 to 1"),
        ({"planner": "cen"}, "cen"),
        ({"data": Path("nowhere")}, "data=nowhere: no episodes"),
        ({"model": "grball"}, "grball. is unknown"),
    ],
)
def test_bad_settings_are_refused_before_anything_is_written(tmp_path, changes, message):
    folder = tmp_path / "run"
    with pytest.raises(ValueError, match=message) as error:
        train(tiny(folder, **changes))
    assert "\n" not in str(error.value)
    assert not folder.exists()


def test_a_run_is_not_resumed_with_another_planner_in_the_same_file(tmp_path):
    file = tmp_path / "planner.toml"
    file.write_text('planner = "cem"\ncandidates = 8\nhorizon = 3\niterations = 1\nelites = 2\n')
    config = tiny(tmp_path / "run", planner=str(file))
    with pytest.raises(KilledError):
        train(config, KillAfter(3))
    file.write_text('planner = "mppi"\ncandidates = 9\nhorizon = 3\niterations = 1\n')
    with pytest.raises(AdaptiveControlError, match=r"planner=mppi:.*has cem:candidates=8"):
        train(config)
    assert "candidates=8" in json.loads((tmp_path / "run" / "config.json").read_text())["planner"]


def test_a_run_and_the_data_beside_it_may_be_moved_together(finished, tmp_path):
    first, moved = tmp_path / "first", tmp_path / "moved"
    shutil.copytree(finished / "episodes", first / "data" / "episodes")
    with pytest.raises(KilledError):
        train(tiny(first / "run", data=first / "data", rounds=None), KillAfter(2))
    first.rename(moved)
    train(tiny(moved / "run", data=moved / "data", rounds=None))
    with pytest.raises(AdaptiveControlError, match="data="):
        train(tiny(moved / "run", data=finished, rounds=None))


def test_an_unknown_robot_is_a_robot_error(tmp_path):
    with pytest.raises(RobotError):
        train(tiny(tmp_path / "run", robot="dog"))
