"""From what a user asks for to a written and verified bundle."""

from __future__ import annotations

from pathlib import Path

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import checked_method
from adaptive_control.pretrained import planner_for, pretrained_path
from adaptive_control.training.checkpoint import LoadedModel, load_model
from deploy.export.config import ExportConfig
from deploy.export.verify import Verification
from deploy.export.write import export_bundle
from robots import get_robot, robot_names

__all__ = ["load_checkpoint", "run_export"]


def run_export(config: ExportConfig) -> Verification:
    """Write the bundle.

    Raises:
        AdaptiveControlError: the checkpoint cannot be used.
        PlannerError: the planner cannot be used.
        DeployError: the bundle cannot be written, or fails its verification.
    """
    loaded, path = load_checkpoint(config.checkpoint, config.method)
    planner = planner_for(loaded.robot, config.planner)
    return export_bundle(
        loaded,
        get_robot(loaded.robot).spec,
        Path(config.out),
        planner=planner,
        window=config.window or None,
        action_rate=config.action_rate or None,
        source=path,
    )


def load_checkpoint(text: str, method: str = "") -> tuple[LoadedModel, Path]:
    """The model that a path, or ROBOT/METHOD, names; and its file.

    Raises:
        AdaptiveControlError: there is none; says what is allowed.
    """
    if not text:
        raise AdaptiveControlError("checkpoint: is missing; a .safetensors file or ROBOT/METHOD")
    if text.endswith(".safetensors"):
        return load_model(Path(text), method=method or None), Path(text)
    robot, slash, kind = text.partition("/")
    if not slash or robot not in robot_names():
        raise AdaptiveControlError(
            f"checkpoint: {text!r} is neither a .safetensors file nor ROBOT/METHOD "
            f"(robots: {', '.join(robot_names())})"
        )
    path = pretrained_path(robot, checked_method(kind, "checkpoint").name)
    return load_model(path, robot, method or kind), path
