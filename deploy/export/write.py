"""Writing a bundle: made under another name, verified, and only then given its own."""

from __future__ import annotations

import hashlib
import math
import platform
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

import adaptive_control
from adaptive_control.dynamics import Dynamics
from adaptive_control.files import jsonable, write_bytes
from adaptive_control.planning import checked_terminal
from adaptive_control.training.checkpoint import LoadedModel
from controllers import GateConfig, SamplingPlanner
from deploy.errors import DeployError
from deploy.export.graphs import (
    OPSET,
    adapt_graph,
    context_tensors,
    prior_inputs,
    prior_parameters,
    step_graph,
    value_graph,
)
from deploy.export.place import bundle_folder, checked_out
from deploy.export.record import record_transitions
from deploy.export.reference import Transitions, golden_vectors, recorded_vectors
from deploy.export.verify import Verification, verify_export
from deploy.runtime.bundle import load_bundle
from deploy.runtime.bundle.files import entry_of, pack_arrays
from deploy.runtime.bundle.manifest import FORMAT, Manifest, write_manifest
from deploy.runtime.bundle.names import ADAPT, GOLDEN, MANIFEST, PRIOR, STEP, VALUE
from deploy.runtime.link.base import Channel
from robots import RobotSpec
from robots.spec import Field

__all__ = ["export_bundle"]

_STEPS_BEYOND_WINDOW = 32
"""Recorded transitions after the first full window."""


def export_bundle(
    loaded: LoadedModel,
    spec: RobotSpec,
    out: Path,
    *,
    planner: SamplingPlanner,
    gate: GateConfig | None = None,
    window: int | None = None,
    action_rate: float | None = None,
    source: Path | None = None,
    transitions: Transitions | None = None,
) -> Verification:
    """Write the bundle `out` and verify it; on any failure nothing is left behind.

    Args:
        loaded: the model.
        spec: its robot.
        out: folder; it must not exist, or hold a bundle and nothing else, which is replaced.
        planner: what to plan with.
        gate: when to trust adaptation.
        window: M; default as in training.
        action_rate: greatest change of a command [its unit/s]; default its range in a period.
        source: the checkpoint's file.
        transitions: consecutive ones, more than M; default: recorded in simulation.

    Returns:
        How far the bundle is from torch.

    Raises:
        DeployError: the bundle would not compute what torch computes, or cannot be written.
        PlannerError: the planner asks for a terminal value, and the model has none.
    """
    length = loaded.window if window is None else window
    _check(loaded.dynamics, length, action_rate)
    folder = checked_out(out)
    checked_terminal(planner, loaded.value)
    if transitions is None:
        transitions = record_transitions(loaded.robot, length + _STEPS_BEYOND_WINDOW)
    contents, manifest = _build(
        loaded, spec, planner, gate, length, action_rate, source, transitions
    )
    with bundle_folder(folder) as temporary:
        for name, content in contents.items():
            write_bytes(temporary / name, content)
        write_bytes(temporary / MANIFEST, write_manifest(manifest))
        return verify_export(load_bundle(temporary), loaded.dynamics, spec, loaded.value)


def _check(dynamics: Dynamics, window: int, action_rate: float | None) -> None:
    if window < 1:
        raise DeployError(f"window: {window} is not allowed; allowed: integers from 1")
    if action_rate is not None and not 0 < action_rate < math.inf:
        raise DeployError(f"action_rate: {action_rate} is not allowed; allowed: finite, above 0")
    for name in ("input_normalizer", "target_normalizer"):
        normalizer = getattr(dynamics, name)
        if bool((normalizer.mean == 0).all()) and bool((normalizer.scale == 1).all()):
            raise DeployError(f"{name}: was never fitted; a model must be trained to be exported")


def _build(
    loaded: LoadedModel, spec: RobotSpec, planner: SamplingPlanner, gate: GateConfig | None,
    window: int, action_rate: float | None, source: Path | None, transitions: Transitions,
) -> tuple[dict[str, bytes], Manifest]:  # fmt: skip
    """The content of every file, and the manifest that lists them."""
    dynamics = loaded.dynamics
    tensors = context_tensors(dynamics)
    parameters = prior_parameters(dynamics) if dynamics.adapts else ()
    contents = {STEP: step_graph(dynamics, spec, tensors)}
    if dynamics.adapts:
        contents[ADAPT] = adapt_graph(dynamics, window, tensors, parameters)
    if loaded.value is not None:
        contents[VALUE] = value_graph(loaded.value, spec)
    contents[PRIOR] = pack_arrays(prior_arrays(dynamics, parameters))
    golden = golden_vectors(dynamics, spec, transitions, window, tensors, loaded.value)
    contents[GOLDEN] = pack_arrays(golden | recorded_vectors(dynamics, transitions, window))
    ranges = [(f.high - f.low) / spec.dt for f in spec.action]
    manifest = Manifest(
        format=FORMAT,
        robot=spec.name,
        dt=spec.dt,
        observation=tuple(map(_channel, spec.observation)),
        action=tuple(map(_channel, spec.action)),
        action_rate=tuple(ranges if action_rate is None else [action_rate] * len(ranges)),
        safe_action=tuple(min(max(0.0, field.low), field.high) for field in spec.action),
        window=window,
        planner=planner,
        gate=GateConfig() if gate is None else gate,
        kind=loaded.kind,
        adapts=dynamics.adapts,
        context=tensors,
        prior=prior_inputs(parameters),
        opset=OPSET,
        made_with=_versions(),
        source=_source(loaded, source),
        files={name: entry_of(content) for name, content in contents.items()},
    )
    return contents, manifest


def prior_arrays(dynamics: Dynamics, parameters: tuple[str, ...]) -> dict[str, np.ndarray]:
    """What `prior.npz` holds."""
    values = dict(dynamics.named_parameters())
    arrays = {
        name: values[parameter].detach().numpy().astype(np.float32)
        for name, parameter in zip(prior_inputs(parameters), parameters, strict=True)
    }
    scale = dynamics.target_normalizer.scale.numpy().astype(np.float32)
    return arrays | {"error_scale": scale, "wraps": np.array(dynamics.features.layout.wraps)}


def _channel(field: Field) -> Channel:
    return Channel(field.name, field.unit, float(field.low), float(field.high))


def _versions() -> dict[str, str]:
    libraries = {name: version(name) for name in ("onnx", "onnxscript", "onnxruntime", "numpy")}
    return {
        "adaptive-control": adaptive_control.__version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        **libraries,
    }


def _source(loaded: LoadedModel, path: Path | None) -> dict[str, object]:
    source: dict[str, object] = {"training": jsonable(loaded.metadata)}
    if path is not None:
        source["checkpoint"] = path.name
        source["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()
    return source
