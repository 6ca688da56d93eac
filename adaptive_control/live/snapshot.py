"""What the control loop tells the page after each control step."""

from __future__ import annotations

from dataclasses import dataclass, field

import mujoco
import numpy as np
from torch import Tensor

from adaptive_control.dynamics import Dynamics
from controllers import SamplingPlanner
from robots import RobotSpec

__all__ = ["Foresight", "RobotView", "Shapes", "Snapshot"]


@dataclass(frozen=True, eq=False)
class Shapes:
    """The geoms of a model and where they are, `G` of them.

    Attributes:
        model: holds types, sizes and colours; not to be changed.
        size: as they are now `[G, 3]` [m].
        rgba: colours `[G, 4]`.
        position: in the world `[G, 3]` [m].
        rotation: in the world `[G, 9]`, rows of the matrix.
    """

    model: mujoco.MjModel
    size: np.ndarray
    rgba: np.ndarray
    position: np.ndarray
    rotation: np.ndarray


@dataclass(frozen=True, eq=False)
class Foresight:
    """What the planner tried in its last iteration, for the page to roll out in its own time.

    Attributes:
        dynamics: the model.
        spec: the robot.
        context: what the candidates were scored with.
        observation: `[1, S]`, where they start.
        actions: `[1, n, H, A]`: the plan first, then elites, then others.
        elites: how many of those after the first are elites.
        origin: the torso in the world `[3]` [m].
    """

    dynamics: Dynamics
    spec: RobotSpec
    context: tuple[Tensor, ...]
    observation: Tensor
    actions: Tensor
    elites: int
    origin: np.ndarray


@dataclass(frozen=True, eq=False)
class RobotView:
    """One robot after one control step; figures are NaN where there are none.

    Attributes:
        label: the method that plans.
        shapes: what to draw.
        position: the torso in the world `[3]` [m].
        speed: over the last control period [m/s].
        error_before: one-step model error of the prior, in units of the targets' variance.
        error_after: of the adapted model.
        gate_open: whether the adapted model is in use.
        adapt_s: time to adapt [s].
        plan_s: time to plan [s].
        fallen: whether the robot has fallen.
        foresight: what the planner tried, if anything plans here.
    """

    label: str
    shapes: Shapes
    position: np.ndarray
    speed: float
    error_before: float = float("nan")
    error_after: float = float("nan")
    gate_open: bool = False
    adapt_s: float = float("nan")
    plan_s: float = float("nan")
    fallen: bool = False
    foresight: Foresight | None = None


@dataclass(frozen=True, eq=False)
class Snapshot:
    """All that the page shows, after one control step.

    Attributes:
        episode: counts resets, so that plots start anew.
        time: since the start of the episode [s].
        dt: control period [s].
        robots: the robot, and its twin if there is one.
        planner: in use; None where nothing plans here.
        window: M in use.
        perturbations: texts of what acts or is scheduled.
        paused: whether time stands still.
        tick_s: the loop's work in this control step [s].
        late: control steps that began late, since the start.
        notice: the last complaint; empty when all is well.
    """

    episode: int
    time: float
    dt: float
    robots: tuple[RobotView, ...]
    planner: SamplingPlanner | None = None
    window: int = 0
    perturbations: tuple[str, ...] = field(default=())
    paused: bool = False
    tick_s: float = float("nan")
    late: int = 0
    notice: str = ""
