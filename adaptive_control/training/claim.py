"""Whose folder it is: a run's settings are written first, and only the same run goes on there."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import jsonable, write_json
from adaptive_control.training.config import TrainConfig
from controllers import format_planner, load_planner

__all__ = ["begun", "claim_folder", "saved_settings", "written_settings"]

_BEFORE = {"weight_decay": 0.0, "discount": 0.0, "whole_share": 0.1, "paired_share": 0.5}
"""What runs had before there was such a setting, where it is not today's default."""


def written_settings(config: TrainConfig) -> dict[str, Any]:
    """What is written of the settings: all but where, as a run may be moved.

    The planner with every setting: a file that is named may say something else tomorrow.
    """
    settings = jsonable(dataclasses.asdict(config))
    settings.pop("out")
    return settings | {"rounds": config.rounds_to_collect, "planner": _spelled(config.planner)}


def _spelled(planner: str) -> str:
    return format_planner(load_planner(planner))


def saved_settings(path: Path) -> dict[str, Any]:
    """The settings that a run wrote.

    Args:
        path: its config.json.

    Raises:
        AdaptiveControlError: the file is missing, damaged, or holds no table.
    """
    try:
        settings = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise AdaptiveControlError(f"{path}: cannot be read ({error})") from error
    if not isinstance(settings, dict):
        raise AdaptiveControlError(f"{path}: holds no table of settings, as a run would write")
    return settings


def claim_folder(config: TrainConfig) -> None:
    """Write the settings, which makes the folder this run's."""
    write_json(config.folder / "config.json", written_settings(config))


def begun(config: TrainConfig) -> bool:
    """Whether the run was begun before; False if its folder is free.

    Raises:
        AdaptiveControlError: the folder is another run's, with other settings; names the first one.
    """
    settings, folder = written_settings(config), config.folder
    path = folder / "config.json"
    if not path.exists():
        return False
    found = saved_settings(path)
    if found.get("data") and not (settings["rounds"] or (folder / "episodes").exists()):
        found["rounds"] = 0  # a fit from before `rounds` meant anything on given data
    for name in settings.keys() - found.keys():  # a run from before there was such a setting
        found[name] = _BEFORE.get(name, jsonable(getattr(TrainConfig(), name)))
    found["planner"] = _spelled(str(found["planner"]))  # as it was given, in a run from before
    for values in (settings, found):
        if values.get("data"):  # the same folder, however it is typed
            values["data"] = str(Path(str(values["data"])).resolve())
    if found.get("data") and settings["data"]:
        before, now = Path(found["data"]), Path(settings["data"])
        if before.name == now.name and not before.exists():  # moved: its hashes decide (given.py)
            found["data"] = settings["data"]
    different = sorted(k for k in settings | found if settings.get(k) != found.get(k))
    if different:
        name = different[0]
        raise AdaptiveControlError(
            f"{name}={settings.get(name)}: the run in {folder} has "
            f"{found.get(name)}; give the same settings to resume it, or another --out"
        )
    return True
