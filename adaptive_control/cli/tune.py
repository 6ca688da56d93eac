"""`adaptive-control tune ROBOT`: the planner that returns most within the control period."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from adaptive_control.cli.parse import parse
from adaptive_control.cli.progress import StageBars
from adaptive_control.cli.terminal import print_config, terminal
from adaptive_control.tune.config import TuneConfig

if TYPE_CHECKING:
    from adaptive_control.training import LoadedModel
    from adaptive_control.tune.measure import AgentFactory
    from controllers import MPCAgent, SamplingPlanner
    from robots import Robot

__all__ = ["run"]


@dataclass(frozen=True)
class _Arguments(TuneConfig):
    robot: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ROBOT")] = TuneConfig.robot
    """Robot to tune for; `adaptive-control robots` lists them."""


_Arguments.__doc__ = TuneConfig.__doc__


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = _config(list(arguments))
    from adaptive_control.tune.run import prepare, tune  # bring torch, the simulator and Optuna

    config = prepare(config)
    console = terminal()
    bars = StageBars(console)
    print_config(console, config)
    try:
        with bars:
            tuned = tune(config, bars, _bundle_agents if config.tick == "bundle" else _torch_agents)
    except KeyboardInterrupt:
        if (config.folder / "config.json").is_file():
            console.print(
                f"all that is finished is kept; go on: adaptive-control tune {config.robot} "
                f"--out {config.folder} --resume",
                soft_wrap=True,
            )
        raise
    console.print(tuned.report, markup=False, soft_wrap=True)
    console.print(f"written to {config.folder}", soft_wrap=True)


def _config(arguments: list[str]) -> TuneConfig:
    """What is asked for; when a study goes on, its own settings are the defaults."""
    config = _parsed(arguments)
    saved = config.folder / "config.json"
    named = any(a == "--config" or a.startswith("--config=") for a in arguments)
    if config.resume and saved.is_file() and not named:
        config = _parsed(["--config", str(saved), *arguments])
    return config


def _parsed(arguments: list[str]) -> TuneConfig:
    parsed = parse(_Arguments, arguments, "tune", positional=("robot",))
    return TuneConfig(**{field.name: getattr(parsed, field.name) for field in fields(parsed)})


def _bundle_agents(checkpoint: Path, model: LoadedModel, robot: Robot) -> tuple[AgentFactory, str]:
    """Agents as they run on a robot: exported, without torch."""
    from controllers import make_planner
    from deploy.export.write import export_bundle
    from deploy.runtime.bundle import load_bundle

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bundle"
        export_bundle(model, robot.spec, path, planner=make_planner("cem"), source=checkpoint)
        bundle = load_bundle(path)

    def agents(planner: SamplingPlanner, window: int) -> MPCAgent:
        return bundle.agent(planner=planner, window=min(window, bundle.manifest.window))

    return agents, "the exported bundle on this machine"


def _torch_agents(checkpoint: Path, model: LoadedModel, robot: Robot) -> tuple[AgentFactory, str]:
    """Agents that compute in torch."""
    from adaptive_control.tune.measure import torch_agents

    return torch_agents(model, robot), "torch on this machine"
