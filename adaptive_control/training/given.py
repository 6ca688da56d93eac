"""Which episodes a run on another's data was given: it goes on with these, and with no others.

The folder that `data` names may gain files, lose some or be deleted while a run that began with it
is stopped. What the run was given is therefore written down when it begins, and a run that goes on
collecting, which has copies, reads these.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import write_json
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.dataset import Episodes, episode_copy, episode_files
from robots import RobotSpec

__all__ = ["check_given", "given_episodes", "logged_episodes", "write_given"]

_RECORD = "data_files.json"
"""SHA-256 of each file, in order. Not in config.json, which holds settings alone (`--config`)."""


def write_given(files: Sequence[Path], run: Path) -> None:
    """Write down which files the run in that folder is given."""
    write_json(run / _RECORD, [_sha256(file) for file in files])


def given_episodes(config: TrainConfig, begun: bool) -> list[Path]:
    """The files of the episodes that a run is made from, in order.

    Args:
        config: the run's; its `data` may be gone if the run has a copy of everything.
        begun: whether the run was begun before; else it is given what is there now.

    Returns:
        Files of `data` or, where the run has them already, its own copies. Nothing if `data` holds
        nothing and nothing is written down.

    Raises:
        AdaptiveControlError: what is there is not what the run was given.
    """
    assert config.data is not None
    record = config.folder / _RECORD
    if not (begun and record.exists()):  # a run from before there was a record takes what is there
        return episode_files(config.data)
    hashes = _read(record)
    if config.rounds_to_collect:
        copies = [episode_copy(config.folder, number) for number in range(len(hashes))]
        if all(copy.exists() for copy in copies):
            return copies
    found = episode_files(config.data)
    for number, file in enumerate(found):
        if number >= len(hashes):
            raise _differs(config, f"{file.name} is new")
        if _sha256(file) != hashes[number]:
            raise _differs(config, f"{file.name} is another")
    if len(found) < len(hashes):
        raise _differs(config, f"{len(found)} of {len(hashes)} files are there")
    return found


def check_given(files: Sequence[Path], spec: RobotSpec) -> int:
    """Make sure that a robot's model can be fitted on these episodes, before anything is written.

    Returns:
        T, the steps of each; 0 without files.

    Raises:
        AdaptiveControlError: a file cannot be read, is of a robot with other sizes, holds episodes
            of another length than the first, or numbers that are not finite.
    """
    length = 0
    for file in files:
        episodes = Episodes.load(file)
        for name, wanted in (
            ("observation", spec.observation_size),
            ("action", spec.action_size),
            ("next_observation", spec.observation_size),
        ):
            array = getattr(episodes, name)
            if array.ndim != 3 or array.shape[-1] != wanted:
                raise AdaptiveControlError(
                    f"data: {file}: {name} has shape {list(array.shape)}; {spec.name} has {wanted} "
                    f"fields: [episodes, steps, {wanted}]"
                )
            if not np.isfinite(array).all():
                raise AdaptiveControlError(f"data: {file}: {name} is not finite throughout")
        length = length or episodes.observation.shape[1]
        if episodes.observation.shape[1] != length:
            raise AdaptiveControlError(
                f"data: {file}: its episodes have {episodes.observation.shape[1]} steps; allowed: "
                f"the {length} of {files[0].name}"
            )
    return length


def logged_episodes(config: TrainConfig, spec: RobotSpec) -> list[Path]:
    """The files of the robot's own episodes.

    Raises:
        AdaptiveControlError: there are none, or no model of this robot can learn from them.
    """
    assert config.logs is not None
    files = episode_files(config.logs)
    if not files:
        raise AdaptiveControlError(
            f"logs={config.logs}: no episodes there; expected what `adaptive-control dataset` wrote"
        )
    check_given(files, spec)
    return files


def _differs(config: TrainConfig, how: str) -> AdaptiveControlError:
    return AdaptiveControlError(
        f"data={config.data}: not what the run in {config.folder} began with ({how}); give it the "
        "same episodes to resume it, or another --out"
    )


def _read(record: Path) -> list[str]:
    try:
        hashes = json.loads(record.read_text())
        if isinstance(hashes, list) and hashes:
            return hashes
        problem = "no list"
    except (OSError, ValueError) as error:
        problem = str(error)
    raise AdaptiveControlError(
        f"{record}: cannot be read ({problem}); expected the hashes of the files of episodes"
    )


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()
