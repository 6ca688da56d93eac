"""Cells: the pieces of work that an evaluation is made of, and the files that they leave.

A cell is a pure function of its settings and of the files that it reads. Its name in the folder is
made of both, so a cell is found again by what it is: change the planner and other cells are made,
change it back and the old ones are still there.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import jsonable, write_bytes

__all__ = ["Cell", "CellStore", "Source"]

KINDS = ("train", "fit", "episodes", "simulator")
"""`train` collects and fits, `fit` fits on what another cell collected, `episodes` runs robots on
models, `simulator` runs them on the true simulator."""

VERSION = 1
"""Of what cells leave; part of their names, so that files of another make are not taken for it."""


@dataclass(frozen=True)
class Source:
    """Where an input of a cell comes from: a file, or what another cell leaves.

    Attributes:
        path: the file, if it is one.
        sha256: of the file.
        cell: id of the other cell.
        suffix: which of its files.
    """

    path: Path | None = None
    sha256: str = ""
    cell: str = ""
    suffix: str = ""

    @staticmethod
    def file(path: Path) -> Source:
        """A file that is there already."""
        return Source(path=path, sha256=hashlib.sha256(path.read_bytes()).hexdigest())

    @property
    def identity(self) -> str:
        """What the input is, wherever it lies."""
        return self.sha256 or f"{self.cell}.{self.suffix}"


@dataclass(frozen=True, eq=False)
class Cell:
    """A piece of work.

    Attributes:
        kind: one of `KINDS`.
        name: for people; part of the file names.
        settings: everything that decides the result, as JSON.
        inputs: the files it reads, by the name it knows them by.
        cost: estimated seconds on one core.
    """

    kind: str
    name: str
    settings: Mapping[str, Any]
    inputs: Mapping[str, Source] = field(default_factory=dict)
    cost: float = 1.0

    @cached_property
    def id(self) -> str:
        """Name of its files without the suffix."""
        inputs = {name: source.identity for name, source in self.inputs.items()}
        said = [VERSION, self.kind, jsonable(self.settings), inputs]
        digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:10]
        return f"{self.kind}-{re.sub(r'[^A-Za-z0-9.=-]+', '_', self.name)[:100]}-{digest}"

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of the cells that must be done before."""
        return tuple(dict.fromkeys(s.cell for s in self.inputs.values() if s.cell))


class CellStore:
    """The cells of a folder. A cell is done when its `.json` is there, which is written last."""

    def __init__(self, folder: Path):
        self.folder = folder

    def path(self, cell: str, suffix: str) -> Path:
        """Where a file of the cell with this id stands, or will stand."""
        return self.folder / f"{cell}.{suffix}"

    def done(self, cell: str) -> bool:
        """Whether the cell is done."""
        return self.path(cell, "json").is_file()

    def read(self, cell: str) -> dict[str, Any] | None:
        """What the cell found; None if it is not done."""
        if not self.done(cell):
            return None
        return json.loads(self.path(cell, "json").read_text())

    def write(self, cell: str, files: Mapping[str, bytes]) -> None:
        """Keep what a cell left, by suffix, each file atomically."""
        for suffix in sorted(files, key=lambda name: name == "json"):
            write_bytes(self.path(cell, suffix), files[suffix])

    def inputs(self, cell: Cell) -> dict[str, bytes]:
        """The contents of the files that a cell reads; the cells it needs are done.

        Raises:
            AdaptiveControlError: a file is gone, or is not what it was when the work was planned.
        """
        return {name: self._content(source) for name, source in cell.inputs.items()}

    def _content(self, source: Source) -> bytes:
        path = source.path or self.path(source.cell, source.suffix)
        try:
            content = path.read_bytes()
        except OSError as error:
            raise AdaptiveControlError(f"{path}: cannot be read ({error.strerror})") from error
        if source.sha256 and hashlib.sha256(content).hexdigest() != source.sha256:
            raise AdaptiveControlError(
                f"{path}: has changed since the work was planned; give the same command again"
            )
        return content
