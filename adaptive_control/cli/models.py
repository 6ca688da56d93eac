"""`adaptive-control models [ROBOT]`: the methods, their sizes, and the models that ship."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro
from rich.console import Console
from rich.table import Table

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import terminal
from adaptive_control.methods import DEFAULT_METHOD, METHODS
from adaptive_control.pretrained import pretrained_paths

__all__ = ["run"]


@dataclass(frozen=True)
class ModelsConfig:
    """List the methods, with their size for a robot, and the pretrained models that ship."""

    robot: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ROBOT")] = "half-cheetah"
    """Robot for which sizes are given; `adaptive-control robots` lists them."""


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = parse(ModelsConfig, arguments, "models", positional=("robot",))
    console = terminal()
    _list_methods(console, config.robot)
    _list_pretrained(console)


def _list_methods(console: Console, robot: str) -> None:
    from adaptive_control.dynamics import make_dynamics  # brings torch
    from adaptive_control.planning import layout_of
    from adaptive_control.training.config import TrainConfig
    from robots import get_robot

    layout = layout_of(get_robot(robot).spec)
    hidden = TrainConfig().hidden
    widths = " x ".join(map(str, hidden))
    table = Table(title=f"methods (parameters for {robot}, hidden layers {widths})")
    for heading, side in (
        ("method", "left"), ("adapts by", "left"), ("parameters", "right"), ("source", "left"),
    ):  # fmt: skip
        table.add_column(heading, justify=side)  # pyright: ignore[reportArgumentType]
    for name, method in METHODS.items():
        dynamics = make_dynamics(name, layout, hidden, seed=0)
        count = sum(p.numel() for p in dynamics.parameters())
        size = f"{count:,}" if method.fitted_as is None else f"those of {method.fitted_as}"
        star = " *" if name == DEFAULT_METHOD else ""
        table.add_row(name + star, method.summary, size, method.source)
    console.print(table)
    console.print("* the default. adaptive-control train ROBOT --model METHOD trains one.\n")


def _list_pretrained(console: Console) -> None:
    from adaptive_control.training.checkpoint import load_model

    table = Table(title="pretrained models: squared K-step error on held-out episodes")
    for heading in (
        "robot",
        "method",
        "window M",
        "hidden",
        "size [kB]",
        "before -> after adapting",
    ):
        table.add_column(heading)
    for path in pretrained_paths():
        model = load_model(path)
        settings, error = model.metadata["settings"], model.metadata["validation"]
        table.add_row(
            model.robot, model.kind, str(model.window),
            " x ".join(map(str, settings["hidden"])),
            f"{path.stat().st_size / 1000:.0f}",
            f"{error['error_before']:.3f} -> {error['error_after']:.3f}"
            if model.dynamics.adapts else f"{error['error_before']:.3f}",
        )  # fmt: skip
    console.print(table)
