r"""Whether explicit integration of a robot's drives holds, or swells until the robot is thrown.

Joints $q$ and their rotors $p$ (inertias $R$), tied by shafts $(k, d)$; springs $K$ and dampers $D$
act on the rotors and read the joints, dampers $C$ read the rotors:

$$\ddot q = M^{-1} (k(p - q) + d(\dot p - \dot q)), \qquad
R \ddot p = -K q - D \dot q - C \dot p - k(p - q) - d(\dot p - \dot q)$$

A joint without a rotor feels its spring and damper itself. One step moves speeds, then angles; it
is linear, and the greatest absolute eigenvalue of its matrix says how fast a motion swells.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

from robots.perturbations.base import Array

__all__ = ["Linear", "bare_mass", "growth", "lightest"]


@dataclass(frozen=True)
class Linear:
    """What acts on the joints, near the first posture; each [n].

    Attributes:
        rotor: inertias of the rotors [kg m^2 or kg]; 0: the joint has none.
        shaft_stiffness: of the shafts between rotors and joints.
        shaft_damping: likewise.
        stiffness: of springs and servos.
        damping: of what reads the joints' speeds.
        rotor_damping: of what reads the rotors' speeds.
    """

    rotor: Array
    shaft_stiffness: Array
    shaft_damping: Array
    stiffness: Array
    damping: Array
    rotor_damping: Array


def bare_mass(model: mujoco.MjModel) -> Array:
    """The mass matrix [nv, nv] in the first posture, rotors apart."""
    bare = copy.copy(model)
    bare.dof_armature[:] = 0.0
    data = mujoco.MjData(bare)
    mujoco.mj_setConst(bare, data)
    mass = np.zeros((bare.nv, bare.nv))
    mujoco.mj_fullM(bare, data, mass)
    return mass


def lightest(mass: Array, dofs: NDArray[np.int_]) -> Array:
    """Inertias [n] that torques on `dofs` meet at least when all act together.

    With B those that each meets alone, the greatest eigenvalue of B^(1/2) M^-1 B^(1/2) says how
    much more a combination of torques moves the joints than each does on its own.
    """
    if not dofs.size:
        return np.zeros(0)
    response = np.linalg.inv(mass)[dofs][:, dofs]
    alone = np.sqrt(1.0 / np.diag(response))
    return alone**2 / np.linalg.eigvalsh(alone[:, None] * response * alone)[-1]


def growth(mass: Array, dofs: NDArray[np.int_], linear: Linear, step: float) -> tuple[float, int]:
    """How fast a motion swells at worst [1/s], and which joint [index into `dofs`] swings most.

    The robot floats, or what nothing acts on is held: on the ground it is in between.

    Args:
        mass: from `bare_mass`.
        dofs: of the joints [n].
        linear: what acts on them.
        step: the physics step [s].
    """
    floating = np.asarray(np.linalg.inv(mass)[dofs][:, dofs], dtype=np.float64)
    held = np.zeros_like(floating)
    drawn = np.flatnonzero(linear.rotor + linear.stiffness + linear.damping)
    held[np.ix_(drawn, drawn)] = np.linalg.inv(mass[dofs[drawn]][:, dofs[drawn]])
    return max(_growth(response, linear, step) for response in (floating, held))


def _growth(response: Array, linear: Linear, step: float) -> tuple[float, int]:
    size, geared = len(response), linear.rotor > 0.0
    # The state: angles and speeds of the joints, angles and speeds of the rotors, [4 n].
    nothing = np.zeros((size, size))
    k, d = np.diag(linear.shaft_stiffness), np.diag(linear.shaft_damping)
    twist = np.hstack([-k, -d, k, d])
    pull = -np.hstack(
        [np.diag(linear.stiffness), np.diag(linear.damping), nothing, np.diag(linear.rotor_damping)]
    )
    joints = response @ np.where(geared[:, None], twist, pull)
    rotors = (
        np.where(geared[:, None], pull - twist, 0.0) / np.where(geared, linear.rotor, 1.0)[:, None]
    )
    matrix = np.eye(4 * size)
    for block, acceleration in ((0, joints), (2, rotors)):
        angle, speed = (slice(i * size, (i + 1) * size) for i in (block, block + 1))
        matrix[speed] += step * acceleration
        matrix[angle] += step * matrix[speed]
    values, vectors = np.linalg.eig(matrix)
    worst = int(np.abs(values).argmax())
    return float(np.log(np.abs(values[worst])) / step), int(np.abs(vectors[:size, worst]).argmax())
