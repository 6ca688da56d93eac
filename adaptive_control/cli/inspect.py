"""`adaptive-control inspect BUNDLE`: what is in a bundle."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from rich.console import Console
from rich.table import Table

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import terminal
from controllers import format_planner
from deploy.runtime.bundle.files import read_files
from deploy.runtime.bundle.manifest import Manifest, write_manifest
from deploy.runtime.bundle.names import MANIFEST
from deploy.runtime.link.base import Channel

__all__ = ["run"]


@dataclass(frozen=True)
class InspectConfig:
    """Say what is in a bundle: robot, channels, model, planner, files. Hashes are checked."""

    bundle: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="BUNDLE")] = "bundle"
    """Folder that `export` wrote."""
    json: bool = False
    """Print the manifest as JSON instead."""


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = parse(InspectConfig, arguments, "inspect", positional=("bundle",))
    manifest, contents = read_files(Path(config.bundle))
    if config.json:
        table = json.loads(write_manifest(manifest))
        sys.stdout.write(json.dumps(table, indent=2) + "\n")
        return
    console = terminal()
    _channels(console, "observation", manifest.observation, None)
    _channels(console, "action", manifest.action, manifest)
    for name, value in _facts(manifest).items():
        console.print(f"{name:<12} {value}", markup=False, soft_wrap=True)
    for name, content in contents.items():
        digest = manifest.files[name].sha256
        console.print(f"{name:<12} {len(content):>9} bytes  sha256 {digest[:16]}", markup=False)
    total = sum(map(len, contents.values())) + (Path(config.bundle) / MANIFEST).stat().st_size
    console.print(f"{'total':<12} {total:>9} bytes")


def _facts(manifest: Manifest) -> dict[str, str]:
    parameters = sum(_size(tensor.shape) for tensor in manifest.context)
    adapts = f"adapts from {manifest.window} transitions, context of {parameters} numbers"
    source = manifest.source
    made_from = f"{source.get('checkpoint', 'a model in memory')} {source.get('sha256', '')[:16]}"
    return {
        "robot": manifest.robot,
        "dt": f"{manifest.dt:g} s",
        "model": f"{manifest.kind}, {adapts if manifest.adapts else 'does not adapt'}",
        "planner": format_planner(manifest.planner),
        "gate": str(manifest.gate),
        "safe action": " ".join(f"{value:g}" for value in manifest.safe_action),
        "opset": str(manifest.opset),
        "made from": made_from.strip(),
        "made with": ", ".join(f"{name} {number}" for name, number in manifest.made_with.items()),
    }


def _size(shape: tuple[int, ...]) -> int:
    size = 1
    for length in shape:
        size *= length
    return size


def _channels(
    console: Console, title: str, channels: tuple[Channel, ...], manifest: Manifest | None
) -> None:
    table = Table(title=title)
    for heading in ("", "channel", "unit", "sign", "range", *(["rate"] if manifest else [])):
        table.add_column(heading)
    for index, channel in enumerate(channels):
        row = [str(index), channel.name, channel.unit, f"{channel.sign:+d}"]
        row.append(f"{channel.low:g} to {channel.high:g}")
        if manifest:
            row.append(f"{manifest.action_rate[index]:g} /s")
        table.add_row(*row)
    console.print(table)
