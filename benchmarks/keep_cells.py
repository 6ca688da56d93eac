"""Keeps the cells that `make table` did, and lets those go that nothing asks for any more.

    make table
    mkdir -p runs/ablations-data && tar xf benchmarks/data/ant.tar.xz -C runs/ablations-data
    .venv/bin/python benchmarks/keep_cells.py

Goes through `benchmarks/data/cells*.tar.xz`: what neither the table, nor the models of one suite,
nor docs/ablations.md need is left out, what they need and no archive has comes into `cells.tar.xz`.
What was never done stays missing.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Collection, Mapping
from dataclasses import replace
from pathlib import Path

from adaptive_control.cli.parse import parse
from adaptive_control.evaluation.config import EvaluateConfig
from adaptive_control.evaluation.plan import make_plan
from adaptive_control.files import write_bytes

KEPT, TABLE = Path("benchmarks/data"), Path("runs/table")
NEW = "cells.tar.xz"
LEFT_BEHIND = ".npz"
"""Episodes that fits were made on: large, and needed by nothing but the fits."""


def asked_for() -> set[str]:
    """Ids of all cells that the docs show."""
    saved = ["--config", str(TABLE / "config.json")]
    table = parse(EvaluateConfig, saved, command="evaluate")
    ablations = replace(table, models="grbal", ablate="all", oracles="none")
    ant = KEPT / "ablations"
    configs = [
        table,
        replace(table, per_suite=True),
        replace(ablations, suite="crippled-joint/half-cheetah"),
        replace(
            ablations, suite="crippled-leg/ant", checkpoints=ant, planner=str(ant),
            data=Path("runs/ablations-data"),
        ),
    ]  # fmt: skip
    return {name for config in configs for name in make_plan(config).cells}


def id_of(name: str) -> str:
    """Of the cell that a file belongs to; what follows the last dot is its suffix."""
    return Path(name).name.rpartition(".")[0]


def kept(archive: Path, wanted: Collection[str]) -> dict[str, bytes]:
    """The files of an archive that are wanted, by name."""
    with tarfile.open(archive) as packed:
        opened = {m.name: packed.extractfile(m) for m in packed if id_of(m.name) in wanted}
        return {name: file.read() for name, file in opened.items() if file is not None}


def pack(archive: Path, contents: Mapping[str, bytes]) -> None:
    """Write an archive, the same for the same files."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as tar:
        for name in sorted(contents):
            entry = tarfile.TarInfo(name)
            entry.size = len(contents[name])
            tar.addfile(entry, io.BytesIO(contents[name]))
    write_bytes(archive, packed.getvalue())


def main() -> None:
    """Write the archives anew."""
    wanted = asked_for()
    archives = {path: kept(path, wanted) for path in sorted(KEPT.glob("cells*.tar.xz"))}
    held = set().union(*archives.values())
    for path in (TABLE / "cells").iterdir():
        name = f"cells/{path.name}"
        if id_of(name) in wanted and name not in held and path.suffix != LEFT_BEHIND:
            archives.setdefault(KEPT / NEW, {})[name] = path.read_bytes()
    for path, contents in archives.items():
        pack(path, contents)
        print(f"{path}: {len(contents)} files")
    done = {id_of(name) for contents in archives.values() for name in contents}
    print(f"{len(wanted - done)} of {len(wanted)} cells were never done")


if __name__ == "__main__":
    main()
