"""`adaptive-control train ROBOT`: train a dynamics model, or go on training it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Annotated

import tyro

from adaptive_control.cli.parse import parse
from adaptive_control.cli.progress import StageBars
from adaptive_control.cli.terminal import print_config, terminal
from adaptive_control.training.config import TrainConfig

__all__ = ["run"]


@dataclass(frozen=True)
class _Arguments(TrainConfig):
    robot: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ROBOT")] = TrainConfig.robot
    """Robot to train for; `adaptive-control robots` lists them."""


_Arguments.__doc__ = """Train a model that adapts.

Random data, then rounds of fitting and of collecting with the planner under training perturbations,
then a last, longer fit on everything.

Given the same command again, a run that was stopped goes on. It leaves model.safetensors, log.csv,
episodes and config.json in its folder.
"""


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    parsed = parse(_Arguments, arguments, "train", positional=("robot",))
    config = TrainConfig(**{field.name: getattr(parsed, field.name) for field in fields(parsed)})
    from adaptive_control.training.loop import TrainingRun  # brings torch and the simulator

    console = terminal()
    bars = StageBars(console)
    training = TrainingRun(config, bars)
    print_config(console, config)
    with bars:
        path = training.run()
    console.print(f"written: {path}", soft_wrap=True)
