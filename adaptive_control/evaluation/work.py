"""What each kind of cell does. Runs in a process of its own, here or on another machine.

Nothing is shared with the process that asked but the arguments: the inputs come as bytes, and so do
the results, so a cell can run wherever the package is installed.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch

from adaptive_control.episodes import Recording, run_episodes
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.figures import (
    episode_figures,
    model_error_figures,
    speed_curve,
)
from adaptive_control.evaluation.oracle_episodes import run_on_simulator
from adaptive_control.evaluation.variants import ablated, gate_of
from adaptive_control.files import jsonable, write_bytes
from adaptive_control.training.checkpoint import LoadedModel, load_model
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.dataset import Episodes, episode_files
from adaptive_control.training.loop import train
from controllers import load_planner
from robots import get_robot

__all__ = ["run_cell"]

Files = dict[str, bytes]


def run_cell(
    kind: str, settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path | None
) -> Files:
    """Do a cell.

    Args:
        kind: see `cells.KINDS`.
        settings: the cell's.
        inputs: contents of the files it reads.
        folder: to work in; a training run that was killed is taken up from there. None: a
            temporary one.

    Returns:
        What it leaves, by suffix; always `json`, with `seconds` on the wall and of one core.
    """
    torch.set_num_threads(1)
    wall, core = time.perf_counter(), time.process_time()
    if folder is None:
        with tempfile.TemporaryDirectory() as temporary:
            found, files = _WORK[kind](settings, inputs, Path(temporary))
    else:
        found, files = _WORK[kind](settings, inputs, folder)
    found["seconds"] = {
        "wall": time.perf_counter() - wall,
        "core": time.process_time() - core,
    }
    text = json.dumps(jsonable(found), allow_nan=False)
    return {**files, "json": text.encode()}


def _train(
    settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path
) -> tuple[dict[str, Any], Files]:
    """Collect and fit; leaves the model and all episodes in one file."""
    config = _train_config(settings, folder)
    path = train(config)
    parts = [Episodes.load(p) for p in episode_files(config.folder)]
    joined = folder / "joined.npz"
    Episodes.join(parts).save(joined)
    found = _about(path) | {"transitions": sum(part.transitions for part in parts)}
    return found, {"safetensors": path.read_bytes(), "npz": joined.read_bytes()}


def _fit(
    settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path
) -> tuple[dict[str, Any], Files]:
    """Fit on episodes that are there."""
    data = folder / "data"
    for name, content in inputs.items():
        write_bytes(data / "episodes" / f"{name}.npz", content)  # again: it may be half a file
    path = train(_train_config({**settings, "data": data}, folder))
    return _about(path), {"safetensors": path.read_bytes()}


def _train_config(settings: Mapping[str, Any], folder: Path) -> TrainConfig:
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in settings.items()}
    values.pop("train_sides", None)  # part of the cell's name alone
    return TrainConfig(**{**values, "out": folder / "run", "threads": 1})


def _about(path: Path) -> dict[str, Any]:
    metadata = load_model(path).metadata
    return {"validation": metadata["validation"], "training_seconds": metadata["seconds"]}


def _episodes(
    settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path
) -> tuple[dict[str, Any], Files]:
    """Run robots on models; leaves the figures of each seed."""
    robot, test = get_robot(settings["robot"]), settings["test"]
    models = [
        (int(start), ablated(_load(inputs[name], settings, folder), test))
        for start, name in settings["models"]
    ]
    (_, first), *later = models
    recording = run_episodes(
        first, robot, settings["perturbation"], load_planner(settings["planner"]),
        settings["seeds"], settings["steps"], later=later, gate=gate_of(test), threads=1,
    )  # fmt: skip
    found = _figures(recording, settings)
    found["k_step_error"] = model_error_figures(models[-1][1], recording, settings["fault_step"])
    found["milliseconds"] = {
        "plan": float(np.median(recording.plan_s)) * 1e3,
        "adapt": float(np.median(recording.adapt_s)) * 1e3,
    }
    return found, {}


def _simulator(
    settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path
) -> tuple[dict[str, Any], Files]:
    """Run robots on the true simulator."""
    value = _load(inputs["model"], settings, folder).value if inputs else None
    recording = run_on_simulator(
        get_robot(settings["robot"]), settings["perturbation"],
        load_planner(settings["planner"]), settings["seeds"], settings["steps"], value,
    )  # fmt: skip
    return _figures(recording, settings), {}


def _figures(recording: Recording, settings: Mapping[str, Any]) -> dict[str, Any]:
    """What the table takes from a run.

    Raises:
        AdaptiveControlError: a reward is no number: the cell is to be left out by name.
    """
    wrong = ~np.isfinite(recording.reward).all(axis=0)
    if wrong.any():
        seeds = np.asarray(recording.seeds)[wrong].tolist()
        raise AdaptiveControlError(
            f"reward: not finite under {settings['perturbation']!r} with seeds {seeds}"
        )
    return {
        "episodes": episode_figures(recording, settings["fault_step"], settings["scored_from"]),
        "speed": speed_curve(recording),
        "dt": recording.dt,
    }


def _load(content: bytes, settings: Mapping[str, Any], folder: Path) -> LoadedModel:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "model.safetensors"
    path.write_bytes(content)
    return load_model(path, settings["robot"], settings.get("method"))


_WORK = {"train": _train, "fit": _fit, "episodes": _episodes, "simulator": _simulator}
