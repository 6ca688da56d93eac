"""The manifest: what a bundle says of itself, `manifest.json`."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from types import MappingProxyType
from typing import Any

import numpy as np

from controllers import GateConfig, PlannerError, SamplingPlanner, make_planner
from controllers.fields import checked_fields
from deploy.errors import DeployError
from deploy.runtime.link.base import Channel

__all__ = [
    "FORMAT", "ContextTensor", "FileEntry", "Manifest", "listed_files", "read_manifest",
    "write_manifest",
]  # fmt: skip

FORMAT = 4
"""Version of the layout of a bundle; a reader refuses a newer one. Format 1 had no terminal
value, and is read as a bundle without. Before format 3 all context tensors had a leading dimension
of 1. Before format 4 `step.onnx` did not tell what caution charges, so it cannot be scaled."""


@dataclass(frozen=True)
class FileEntry:
    """One file of a bundle.

    Attributes:
        sha256: of its content, in hexadecimal.
        size: its length in bytes.
    """

    sha256: str
    size: int


@dataclass(frozen=True)
class ContextTensor:
    """One tensor of the context.

    Attributes:
        name: of the input of `step.onnx` and of the output of `adapt.onnx`.
        shape: of the input; the output has the same, or a leading dimension of 1 before it.
        changes: whether `step.onnx` has an output `next_<name>`; if not, the step after takes the
            same tensor.
    """

    name: str
    shape: tuple[int, ...]
    changes: bool

    def as_input(self, output: np.ndarray) -> np.ndarray:
        """What `adapt.onnx` gave as `step.onnx` takes it: the same, or a view of it."""
        return output if output.ndim == len(self.shape) else output[0]


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a bundle says of itself.

    Attributes:
        format: version of the layout.
        robot: name of the robot.
        dt: control period [s].
        observation: the S observation channels, in the order of the graphs.
        action: the A action channels, in the order of the graphs; what the channel's unit says is
            commanded, clipped to its limits.
        action_rate: `[A]`, greatest change of a command, in its unit a second.
        safe_action: `[A]`, what to command when there is no plan.
        window: M, transitions that `adapt.onnx` takes.
        planner: what to plan with, unless told otherwise.
        gate: when to trust adaptation.
        kind: the method that the model adapts by.
        adapts: whether there is an `adapt.onnx`.
        context: the tensors of the context, in order.
        prior: names of the inputs of `adapt.onnx` that hold the prior, in order.
        opset: of the graphs, standard ONNX operators only.
        made_with: versions of what made the bundle.
        source: which checkpoint, its hash and what is known of its training.
        files: the other files, by name.
    """

    format: int
    robot: str
    dt: float
    observation: tuple[Channel, ...]
    action: tuple[Channel, ...]
    action_rate: tuple[float, ...]
    safe_action: tuple[float, ...]
    window: int
    planner: SamplingPlanner
    gate: GateConfig
    kind: str
    adapts: bool
    context: tuple[ContextTensor, ...]
    prior: tuple[str, ...]
    opset: int
    made_with: Mapping[str, str]
    source: Mapping[str, Any]
    files: Mapping[str, FileEntry]


def write_manifest(manifest: Manifest) -> bytes:
    """The content of `manifest.json`: readable, floats exact, closed by its own hash."""
    table: dict[str, Any] = {
        field.name: getattr(manifest, field.name) for field in fields(manifest)
    }
    table["observation"] = [_from_channel(channel) for channel in manifest.observation]
    table["action"] = [_from_channel(channel) for channel in manifest.action]
    table["planner"] = {"planner": manifest.planner.name, **asdict(manifest.planner)}
    table["gate"] = asdict(manifest.gate)
    table["context"] = [asdict(tensor) for tensor in manifest.context]
    table["files"] = {name: asdict(entry) for name, entry in manifest.files.items()}
    table["made_with"], table["source"] = dict(manifest.made_with), dict(manifest.source)
    table["sha256"] = _digest(table)
    return (json.dumps(table, indent=2, allow_nan=False) + "\n").encode()


def read_manifest(content: bytes) -> Manifest:
    """The manifest in the content of `manifest.json`.

    Raises:
        DeployError: it is not one, of another format, or was changed; says where.
    """
    table = _table(content)
    if not 1 <= table["format"] <= FORMAT:
        newer = table["format"] > FORMAT
        raise DeployError(
            f"manifest.json: format {table['format']}, this version reads 1 to {FORMAT}"
            + ("; the bundle was made by a newer release" if newer else "")
        )
    _check_digest(table)
    try:
        return _manifest(table)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise DeployError(f"manifest.json: {type(error).__name__}: {error}") from None


def listed_files(content: bytes) -> frozenset[str]:
    """Names of the files of a bundle, of whatever format an export of ours wrote.

    Raises:
        DeployError: the content is not that of a manifest of ours, or was changed.
    """
    table = _table(content)
    _check_digest(table)
    files = table.get("files")
    if not isinstance(files, dict):
        raise DeployError("manifest.json: lists no files")
    return frozenset(files)


def _table(content: bytes) -> dict[str, Any]:
    try:
        table = json.loads(content)
    except ValueError as error:
        raise DeployError(f"manifest.json: is not JSON ({error})") from None
    except RecursionError:
        raise DeployError("manifest.json: is nested too deeply") from None
    if not isinstance(table, dict) or type(table.get("format")) is not int:
        raise DeployError("manifest.json: holds no format number; is this a bundle?")
    return table


def _check_digest(table: dict[str, Any]) -> None:
    """Take the hash out of the table, and compare it with the rest."""
    stated = table.pop("sha256", None)
    try:
        found = _digest(table)
    except ValueError:  # Python reads NaN and 1e999, JSON has neither
        raise DeployError("manifest.json: holds a number that is not finite") from None
    except RecursionError:
        raise DeployError("manifest.json: is nested too deeply") from None
    if stated != found:
        raise DeployError("manifest.json: was changed after the export (sha256 differs)")


def _manifest(table: dict[str, Any]) -> Manifest:
    known = {field.name for field in fields(Manifest)}
    for name in sorted(set(table) ^ known):
        raise DeployError(f"manifest.json: {name!r} is {'missing' if name in known else 'unknown'}")
    planner = dict(table["planner"])
    try:
        table["planner"] = make_planner(planner.pop("planner"), **planner)
        table["gate"] = GateConfig(**checked_fields(GateConfig, table["gate"]))
    except PlannerError as error:
        raise DeployError(f"manifest.json: {error}") from None
    table["observation"] = tuple(_to_channel(channel) for channel in table["observation"])
    table["action"] = tuple(_to_channel(channel) for channel in table["action"])
    for name in ("action_rate", "safe_action"):
        table[name] = tuple(float(value) for value in table[name])
    table["context"] = tuple(
        ContextTensor(str(t["name"]), tuple(map(int, t["shape"])), bool(t["changes"]))
        for t in table["context"]
    )
    table["prior"] = tuple(map(str, table["prior"]))
    table["files"] = MappingProxyType({n: FileEntry(**e) for n, e in table["files"].items()})
    manifest = Manifest(**table)
    _check(manifest)
    return manifest


def _check(manifest: Manifest) -> None:
    """Refuse what a hash cannot find: a manifest that was wrong when it was written."""
    require(0 < manifest.dt <= 10, "dt", manifest.dt, "above 0 to 10 s")
    require(1 <= manifest.window <= 4096, "window", manifest.window, "1 to 4096")
    for kind, channels in (("observation", manifest.observation), ("action", manifest.action)):
        names = [channel.name for channel in channels]
        require(len(names) > 0, kind, "no channel", "at least one")
        require(len(set(names)) == len(names), kind, names, "each name once")
        for channel in channels:
            require(channel.sign in (-1, 1), f"{channel.name}.sign", channel.sign, "1 or -1")
            limits = f"{channel.low} to {channel.high}"
            require(channel.low < channel.high, f"{channel.name} limits", limits, "low < high")
    for channel in manifest.action:
        finite = math.isfinite(channel.low) and math.isfinite(channel.high)
        require(finite, f"{channel.name} limits", "not finite", "finite numbers")
    size = len(manifest.action)
    require(
        len(manifest.action_rate) == size, "action_rate", manifest.action_rate, f"{size} values"
    )
    require(all(rate > 0 for rate in manifest.action_rate), "action_rate", "0", "above 0")
    require(
        len(manifest.safe_action) == size, "safe_action", manifest.safe_action, f"{size} values"
    )
    for channel, value in zip(manifest.action, manifest.safe_action, strict=True):
        allowed = f"{channel.low} to {channel.high}"
        require(channel.low <= value <= channel.high, f"safe_action {channel.name}", value, allowed)


def require(condition: bool, field: str, value: object, allowed: str) -> None:
    """Raise a `DeployError` about the manifest unless `condition` holds."""
    if not condition:
        raise DeployError(f"manifest.json: {field}: {value} is not allowed; allowed: {allowed}")


def _digest(table: Mapping[str, Any]) -> str:
    """Hash of the manifest's meaning: the same however the file is laid out."""
    canonical = json.dumps(table, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode()).hexdigest()


def _from_channel(channel: Channel) -> dict[str, Any]:
    table = asdict(channel)
    for limit in ("low", "high"):  # JSON has no infinity
        table[limit] = table[limit] if math.isfinite(table[limit]) else None
    return table


def _to_channel(table: Mapping[str, Any]) -> Channel:
    low = -math.inf if table["low"] is None else float(table["low"])
    high = math.inf if table["high"] is None else float(table["high"])
    return Channel(str(table["name"]), str(table["unit"]), low, high, int(table["sign"]))
