"""`adaptive-control dataset ROBOT LOG... --out DIR`: what a robot went through, to train on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import terminal
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import write_json

if TYPE_CHECKING:
    from deploy.runtime.log import Transitions
    from robots import RobotSpec

__all__ = ["run"]


@dataclass(frozen=True)
class DatasetConfig:
    """Make a dataset of the logs of a robot: `train --logs DIR` learns from it.

    Taken is what the control loop itself could learn from: whole control periods through which one
    command acted.
    """

    robot: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="ROBOT")] = ""
    """Whose logs they are; `adaptive-control robots` lists them."""
    logs: Annotated[tyro.conf.Positional[tuple[Path, ...]], tyro.conf.arg(metavar="LOG")] = ()
    """MCAP files that `adaptive-control run --log` or the flight recorder wrote."""
    out: Path | None = None
    """Folder for the dataset; `runs/ROBOT-logs` if not given. It must hold no other."""
    steps: int = 125
    """T, transitions of an episode; what is left over at the end of a log is left out."""
    partial: bool = False
    """Take what can be read of a log that breaks off."""


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = parse(DatasetConfig, arguments, "dataset", positional=("robot", "logs"))
    if not config.robot or not config.logs:
        raise AdaptiveControlError("dataset: name a robot and its logs: dataset ROBOT LOG...")
    if config.steps < 2:
        raise AdaptiveControlError(f"steps: {config.steps} is not 2 or more")
    from adaptive_control.training.dataset import episode_copy, episode_files
    from adaptive_control.training.logged import cut
    from robots import get_robot

    spec = get_robot(config.robot).spec
    out = config.out or Path("runs") / f"{config.robot}-logs"
    if episode_files(out):
        raise AdaptiveControlError(f"out: {out} holds episodes already; give another --out")
    # All are read before anything is written.
    found = [(path, *cut(_transitions(path, spec, config), config.steps)) for path in config.logs]
    console = terminal()
    for path, episodes, left_over in found:
        console.print(
            f"{path}: {episodes.transitions} transitions in {len(episodes)} episodes, "
            f"{left_over} left out",
            soft_wrap=True,
        )
    found = [(path, episodes, left_over) for path, episodes, left_over in found if len(episodes)]
    if not found:
        raise AdaptiveControlError(
            f"steps: {config.steps} is more than any log has transitions to learn from; "
            "allowed: fewer, or longer logs"
        )
    for number, (_, episodes, _) in enumerate(found):
        episodes.save(episode_copy(out, number))
    write_json(
        out / "config.json",
        {"robot": config.robot, "logs": [str(path) for path, *_ in found], "steps": config.steps},
    )
    total = sum(episodes.transitions for _, episodes, _ in found)
    console.print(f"written: {out}, {total} transitions", soft_wrap=True)


def _transitions(path: Path, spec: RobotSpec, config: DatasetConfig) -> Transitions:
    """Those of a log, its fields found by name in the order of the robot's description."""
    from deploy.runtime.log import Transitions, read_log, transitions_of

    log = read_log(path, config.partial)
    order = []
    for what, here, there in (
        ("observation", [field.name for field in spec.observation], log.observation),
        ("action", [field.name for field in spec.action], log.action),
    ):
        if sorted(here) != sorted(there):
            differ = sorted(set(here) ^ set(there))[:3]
            raise AdaptiveControlError(
                f"log: {path} is of another robot than {spec.name}: its {what} fields differ "
                f"({', '.join(differ)}, ...)"
            )
        order.append([there.index(name) for name in here])
    found = transitions_of(log.records)
    if not len(found):
        return found
    seen, acted = order
    return Transitions(
        found.observation[:, seen], found.action[:, acted], found.next_observation[:, seen],
        found.segment,
    )  # fmt: skip
