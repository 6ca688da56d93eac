"""A simulated robot: its spec, and how a MuJoCo model becomes its observations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium
import mujoco
import numpy as np
from numpy.typing import NDArray

from robots.errors import RobotError
from robots.gait import Gait
from robots.spec import RobotSpec

__all__ = ["FLOOR", "Robot", "gymnasium_model_file"]

FLOOR = "floor"
"""Name of the ground plane in every robot's model."""

Array = NDArray[np.float64]


def gymnasium_model_file(name: str) -> Path:
    """Path of a MuJoCo model that the installed Gymnasium ships."""
    return Path(gymnasium.__file__).parent / "envs" / "mujoco" / "assets" / name


@dataclass(frozen=True, eq=False)
class Robot:
    """A simulated robot. Add one as a folder plus a line in `robots/registry.py`.

    Attributes:
        spec: what models and planners see.
        model_file: MJCF; the robot's joints come first, its ground is the plane called "floor".
        substeps: physics steps in one control period.
        joints: the joint that each action drives, [A] names in action order.
        torso: name of the body that payloads are put on.
        initial_qpos: where an episode starts, before noise [nq].
        reset_noise: half-width of the uniform noise on `initial_qpos`, and standard deviation of
            the normal noise on zero velocity.
        height_index: index in qpos of the torso's vertical position.
        position: `qpos [..., nq] -> [..., 3]`, the torso in the world [m].
        measure: `(qpos [B, nq], qvel [B, nv], start [B, nq], ground [B]) -> [B, S]`: the
            observation at the end of a control period that began at `start`; `ground` is the
            height of the ground under the torso [m].
        leg_geoms: geoms that shrink when a leg is crippled, by leg, from the hip outwards.
        gait: what actions are added to, for a robot whose actuators are position servos; the last
            two fields of its observation then say where the gait stands. None: an action is what
            the actuators get.
        view_distance: from the camera to the torso in films [m].
    """

    spec: RobotSpec
    model_file: Path
    substeps: int
    joints: tuple[str, ...]
    torso: str
    initial_qpos: tuple[float, ...]
    reset_noise: float
    height_index: int
    position: Callable[[Array], Array]
    measure: Callable[[Array, Array, Array, Array], Array]
    leg_geoms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    gait: Gait | None = None
    view_distance: float = 3.2

    def mj_spec(self) -> mujoco.MjSpec:
        """A fresh, editable MuJoCo specification of the robot on its plane.

        Raises:
            RobotError: there is no such model, or it has no plane.
        """
        try:
            spec = mujoco.MjSpec.from_file(str(self.model_file))
        except (OSError, ValueError) as error:
            why = str(error).replace("\n", " ")
            raise RobotError(
                f"robot {self.spec.name!r}: model_file: {self.model_file} cannot be read ({why})"
            ) from None
        # A plane collides as if infinite whatever its size; zero also draws it so in films, with
        # squares of a metre to tell the speed by.
        floor = spec.geom(FLOOR)
        if floor is None or floor.type != mujoco.mjtGeom.mjGEOM_PLANE:
            found = "no such geom" if floor is None else f"shape {floor.type.name[7:].lower()}"
            raise RobotError(
                f"robot {self.spec.name!r}: {FLOOR}: {found} is not allowed; allowed: plane"
            )
        floor.size[:2] = 0.0
        if floor.material:
            spec.material(floor.material).texrepeat[:] = 0.5
            spec.material(floor.material).texuniform = True
        _scale_to_total_mass(spec)
        return spec

    def observe(
        self, qpos: Array, qvel: Array, start: Array, ground: Array, steps: Any = 0
    ) -> np.ndarray:
        """The true observation, float32 [B, S]; arguments as for `measure`.

        `steps` [B] or one for all: the control steps since the start of the episode.
        """
        measured = self.measure(qpos, qvel, start, ground)
        if self.gait is not None:
            phase = self.gait.phase(np.broadcast_to(steps, len(measured)))
            measured = np.concatenate([measured, phase], axis=1)
        return measured.astype(np.float32)

    def commands(self, actions: np.ndarray, steps: Any) -> np.ndarray:
        """What the actuators get under `actions` [..., A] in control steps `steps` [...]."""
        return actions if self.gait is None else self.gait.commands(actions, steps)

    def actuator_ids(self, model: mujoco.MjModel) -> np.ndarray:
        """Ids in `model` of the actuators that the A actions drive, [A]."""
        driven = {model.joint(j).name: i for i, j in enumerate(model.actuator_trnid[:, 0])}
        return np.array([driven[name] for name in self.joints])


def _scale_to_total_mass(spec: mujoco.MjSpec) -> None:
    """Turn the compiler's total mass into densities, masses and inertias.

    The compiler would count in whatever is added to the model, and the attribute is deprecated.
    """
    total = spec.compiler.settotalmass
    if total <= 0.0:
        return
    spec.compiler.settotalmass = -1.0
    factor = total / float(spec.compile().body_mass.sum())
    for geom in spec.geoms:
        geom.density *= factor
        geom.mass *= factor  # nan where it comes from the density
    for body in spec.bodies:
        if body.explicitinertial:
            body.mass *= factor
            body.inertia *= factor
            body.fullinertia *= factor
