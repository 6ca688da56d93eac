"""From what a user asks for to a written and verified bundle."""

from __future__ import annotations

from pathlib import Path

from adaptive_control.pretrained import planner_for
from adaptive_control.training.checkpoint import load_named
from deploy.export.config import ExportConfig
from deploy.export.verify import Verification
from deploy.export.write import export_bundle
from robots import get_robot

__all__ = ["run_export"]


def run_export(config: ExportConfig) -> Verification:
    """Write the bundle.

    Raises:
        AdaptiveControlError: the checkpoint cannot be used.
        PlannerError: the planner cannot be used.
        DeployError: the bundle cannot be written, or fails its verification.
    """
    loaded, path = load_named(config.checkpoint, config.method)
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
