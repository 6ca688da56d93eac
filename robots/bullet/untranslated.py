"""What a MuJoCo model may hold that would be lost in PyBullet without a word."""

from __future__ import annotations

import mujoco
import numpy as np

from robots.errors import RobotError
from robots.perturbations.registry import KINDS

__all__ = ["not_built", "refuse_untranslated"]

_PLAIN = (
    int(mujoco.mjtBias.mjBIAS_NONE), int(mujoco.mjtBias.mjBIAS_AFFINE)
)  # fmt: skip


def not_built(what: str) -> RobotError:
    """The error for perturbations that are built into the MuJoCo model, which PyBullet has not."""
    *others, last = (name for name, kind in KINDS.items() if kind.structure_name)
    return RobotError(
        f"perturbation: {what} is not there in pybullet, whose ground is even and hard; "
        f"allowed: everything but {', '.join(others)} and {last}"
    )


def refuse_untranslated(model: mujoco.MjModel) -> None:
    """Raise `RobotError` for the first thing in the model that PyBullet would not know of."""
    for dof in np.flatnonzero(model.dof_frictionloss):
        _refuse(model.joint(model.dof_jntid[dof]), "joint", "frictionloss")
    for dof in np.flatnonzero(model.dof_dampingpoly.any(axis=-1)):
        _refuse(model.joint(model.dof_jntid[dof]), "joint", "damping polynomial")
    for joint in range(model.njnt):
        if model.jnt_stiffnesspoly[joint].any():
            _refuse(model.joint(joint), "joint", "stiffness polynomial")
        if model.jnt_actfrclimited[joint]:
            _refuse(model.joint(joint), "joint", "actuatorfrcrange")
    for tendon in range(model.ntendon):
        _refuse(model.tendon(tendon), "tendon", "pull")
    for equality in range(model.neq):
        _refuse(model.equality(equality), "equality", "constraint")
    for actuator in range(model.nu):
        if model.actuator_dyntype[actuator] != mujoco.mjtDyn.mjDYN_NONE:
            _refuse(model.actuator(actuator), "actuator", "dynamics")
        fixed = model.actuator_gaintype[actuator] == mujoco.mjtGain.mjGAIN_FIXED
        if not fixed or model.actuator_biastype[actuator] not in _PLAIN:
            _refuse(model.actuator(actuator), "actuator", "kind of gain")


def _refuse(part: object, what: str, detail: str) -> None:
    name = getattr(part, "name", "")
    raise RobotError(f"{what} {name!r}: its {detail} is not there in pybullet; allowed: none")
