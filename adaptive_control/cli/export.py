"""`adaptive-control export CHECKPOINT --out BUNDLE`: a model and a planner, ready for a robot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import print_config, terminal
from deploy.export.config import ExportConfig

if TYPE_CHECKING:
    from deploy.export.verify import Verification

__all__ = ["run"]


@dataclass(frozen=True)
class _Arguments(ExportConfig):
    checkpoint: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="CHECKPOINT")] = ""
    """A file that `train` wrote, or ROBOT/METHOD for a model that ships, as half-cheetah/grbal."""


_Arguments.__doc__ = ExportConfig.__doc__


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    parsed = parse(_Arguments, arguments, "export", positional=("checkpoint",))
    config = ExportConfig(**{f.name: getattr(parsed, f.name) for f in fields(ExportConfig)})
    console = terminal()
    print_config(console, config)
    from deploy.export.run import run_export  # brings torch and the simulator

    with console.status("export: graphs, recorded transitions, verification"):
        result = run_export(config)
    console.print(f"step       off by at most {result.step:.2g} (relative)")
    console.print(f"adapting   {_adapting(result)}")
    for planner, error in result.action.items():
        console.print(f"action     off by at most {error:.2g}, {planner}", markup=False)
    console.print(f"written: {Path(config.out)}", soft_wrap=True, markup=False)


def _adapting(result: Verification) -> str:
    if result.change == result.random_change == 0.0:
        return "nothing to compare: this model does not adapt"
    return f"off by at most {result.change:.2g}, random weights {result.random_change:.2g}"
