"""The folder of a study: what is known after every moment, also after `kill -9`.

config.json         what was asked for
model.safetensors   the model that is tuned, so that a newer one cannot slip in on resuming
latency.json        the table that every trial reads
evaluations/        one file a result, written when it is there
study.journal       Optuna's record of all finished generations (`optuna-dashboard` opens it)
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import atomic_path, jsonable, write_json
from adaptive_control.lock import alone
from adaptive_control.training.claim import saved_settings
from adaptive_control.tune.config import MAY_CHANGE, TuneConfig
from adaptive_control.tune.evaluate import Result
from adaptive_control.tune.foresight import Foresight
from adaptive_control.tune.setting import Setting

__all__ = ["Store", "check_folder", "open_store"]

_LEFT = ("config.json", "study.journal", "evaluations")
"""Any of these says that a folder holds a study."""


class Store:
    """Reads and writes a study's folder.

    Args:
        folder: the folder.
    """

    def __init__(self, folder: Path):
        self.folder = folder

    @property
    def model(self) -> Path:
        """The study's own copy of the model."""
        return self.folder / "model.safetensors"

    @property
    def latency(self) -> Path:
        """The latency table."""
        return self.folder / "latency.json"

    @property
    def journal(self) -> Path:
        """Optuna's journal."""
        return self.folder / "study.journal"

    def get(self, purpose: str, setting: Setting) -> Result | None:
        """What an earlier evaluation for that purpose came to; None if there was none."""
        try:
            values = json.loads(self._path(purpose, setting).read_text())
        except FileNotFoundError:
            return None
        return Result(
            returns=tuple(values["returns"]),
            roughness=tuple(values["roughness"]),
            complete=values["complete"],
            seconds=values["seconds"],
            fallen=tuple(values.get("fallen", ())),  # older studies did not count
        )

    def put(self, purpose: str, setting: Setting, result: Result) -> None:
        """Keep a result."""
        write_json(self._path(purpose, setting), {**asdict(setting), **asdict(result)})

    def foresight(self, setting: Setting, measure: Callable[[], Foresight]) -> Foresight:
        """How far the model sees when that setting drives; measured if it is not known yet."""
        path = self._path("foresight", setting)
        if not path.is_file():
            write_json(path, asdict(measure()))
        values = json.loads(path.read_text())
        average = values["average_state"]
        return Foresight(
            tuple(values["before"]),
            tuple(values["after"]),
            float("nan") if average is None else average,
        )

    def take_model(self, path: Path) -> None:
        """Copy the model into the study."""
        with atomic_path(self.model) as temporary:
            shutil.copyfile(path, temporary)

    def _path(self, purpose: str, setting: Setting) -> Path:
        return self.folder / "evaluations" / f"{purpose}-{setting.key}.json"


def check_folder(config: TuneConfig) -> None:
    """Whether the study's folder allows what is asked for.

    Raises:
        AdaptiveControlError: it holds a study and `resume` was not asked for, or a study with
            other settings; it holds none and `resume` was.
    """
    folder = config.folder
    if any((folder / name).exists() for name in _LEFT) and not config.resume:
        raise AdaptiveControlError(
            f"out: {folder} holds a study; go on with it by --resume, or name another folder"
        )
    if config.resume:
        if not (folder / "config.json").is_file():
            raise AdaptiveControlError(f"resume: {folder} holds no study to go on with")
        _check_same(config, folder / "config.json")


@contextmanager
def open_store(config: TuneConfig) -> Iterator[Store]:
    """The study's folder, for this process alone.

    Raises:
        AdaptiveControlError: another process is at work in it, or `check_folder` refuses it.
    """
    check_folder(config)
    folder = config.folder
    with alone(folder, "tuning"):
        # Nobody else is here, so a lock of Optuna's is one that a killed process left behind.
        Path(f"{folder / 'study.journal'}.lock").unlink(missing_ok=True)
        _mend(folder / "study.journal")
        write_json(folder / "config.json", {**asdict(config), "resume": False})
        yield Store(folder)


def _check_same(config: TuneConfig, path: Path) -> None:
    saved = saved_settings(path)
    for name, value in jsonable(asdict(config)).items():
        if name not in MAY_CHANGE and name in saved and saved[name] != value:
            raise AdaptiveControlError(
                f"{name}: {value!r} differs from {saved[name]!r}, with which the study in "
                f"{path.parent} began; leave it out, or begin another study"
            )


def _mend(journal: Path) -> None:
    """Cut off the half line that a killed process may have left at the end of the journal."""
    if not journal.is_file():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole < len(content):
        os.truncate(journal, whole)
