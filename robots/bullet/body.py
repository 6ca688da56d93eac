"""A robot's compiled MuJoCo model as one PyBullet multibody.

`pybullet_data` ships the same two robots as MJCF, but its importer puts every centre of mass into
the joint, takes all geometry at the density of water (an ant of 180 kg instead of 0.9) and drops
springs, damping and armatures (docs/decisions/0009). So the bodies are made here, link by link.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np

from robots.bullet.untranslated import refuse_untranslated
from robots.errors import RobotError
from robots.perturbations.base import Array

__all__ = ["Hinges", "add_robot"]

_FREE, _SLIDE, _HINGE = (
    int(mujoco.mjtJoint.mjJNT_FREE), int(mujoco.mjtJoint.mjJNT_SLIDE),
    int(mujoco.mjtJoint.mjJNT_HINGE),
)  # fmt: skip


@dataclass(frozen=True)
class Hinges:
    """The links of the multibody that move, in the order of MuJoCo's degrees of freedom.

    Attributes:
        body: PyBullet's id of the multibody.
        links: link of each joint but the free one [n].
        qpos: index in qpos of each [n].
        dofs: index in qvel of each [n].
        floating: MuJoCo body that floats freely, the multibody's base; None: the base is fixed.
    """

    body: int
    links: tuple[int, ...]
    qpos: tuple[int, ...]
    dofs: tuple[int, ...]
    floating: int | None


def add_robot(client: Any, model: mujoco.MjModel) -> Hinges:
    """Build the robot that a compiled model describes, at rest in its reference pose.

    Args:
        client: PyBullet, connected.
        model: with the robot's bodies alone, on its floor.

    Raises:
        RobotError: the model has a joint, a shape or a constraint that is not translated.
    """
    refuse_untranslated(model)
    parts = _Parts(client, model)
    root = 1  # body 0 is the world
    if model.body_jntnum[root] and model.jnt_type[model.body_jntadr[root]] == _FREE:
        floating, index = root, {root: 0}
        base = parts.base(root)
    else:
        floating, index = None, {0: 0}
        base = {"baseMass": 0.0}
    joints: list[int] = []
    for body in range(1, model.nbody):
        if body != floating:
            joints += parts.add(body, index)
    body_id = client.createMultiBody(**base, **parts.links())
    moving = [link for link, joint in enumerate(joints) if joint >= 0]
    for link, body in parts.massive(floating):
        client.changeDynamics(body_id, link, **parts.dynamics(body))
    for link in moving:  # PyBullet brakes every joint with a motor of its own otherwise
        client.setJointMotorControl2(body_id, link, client.VELOCITY_CONTROL, force=0.0)
    chosen = [joints[link] for link in moving]
    return Hinges(
        body=body_id,
        links=tuple(moving),
        qpos=tuple(int(model.jnt_qposadr[joint]) for joint in chosen),
        dofs=tuple(int(model.jnt_dofadr[joint]) for joint in chosen),
        floating=floating,
    )


class _Parts:
    """The arguments of `createMultiBody`, link by link."""

    def __init__(self, client: Any, model: mujoco.MjModel):
        self._client, self._model = client, model
        self._rows: list[dict[str, Any]] = []
        self._bodies: list[int] = []

    def base(self, body: int) -> dict[str, Any]:
        model = self._model
        return {
            "baseMass": float(model.body_mass[body]),
            "baseCollisionShapeIndex": self._shapes(body),
            "baseInertialFramePosition": model.body_ipos[body].tolist(),
            "baseInertialFrameOrientation": _xyzw(model.body_iquat[body]),
        }

    def add(self, body: int, index: dict[int, int]) -> list[int]:
        """Links for one body: one for each of its joints, all but the last without mass.

        Returns:
            The joint of each link that was added; -1 where it is fixed to its parent.
        """
        model, client = self._model, self._client
        first, count = int(model.body_jntadr[body]), int(model.body_jntnum[body])
        joints = list(range(first, first + count)) or [-1]
        position, turned = model.body_pos[body].tolist(), _xyzw(model.body_quat[body])
        parent = index[int(model.body_parentid[body])]
        for joint in joints:
            last = joint == joints[-1]
            if joint >= 0 and np.any(model.jnt_pos[joint]):
                name = model.joint(joint).name
                raise RobotError(
                    f"joint {name!r}: is off its body's origin; allowed: at the origin"
                )
            self._rows.append({
                "linkMasses": float(model.body_mass[body]) if last else 0.0,
                "linkCollisionShapeIndices": self._shapes(body) if last else -1,
                "linkVisualShapeIndices": -1,
                "linkPositions": position,
                "linkOrientations": turned,
                "linkInertialFramePositions": model.body_ipos[body].tolist() if last else [0] * 3,
                "linkInertialFrameOrientations": (
                    _xyzw(model.body_iquat[body]) if last else [0, 0, 0, 1]
                ),
                "linkParentIndices": parent,
                "linkJointTypes": _joint_type(client, model, joint),
                "linkJointAxis": model.jnt_axis[joint].tolist() if joint >= 0 else [0, 0, 1],
            })  # fmt: skip
            self._bodies.append(body if last else -1)
            position, turned = [0.0] * 3, [0.0, 0.0, 0.0, 1.0]
            parent = len(self._rows)  # PyBullet counts links from 1 here, the base being 0
        index[body] = parent
        return joints

    def links(self) -> dict[str, list[Any]]:
        return {key: [row[key] for row in self._rows] for key in self._rows[0]}

    def massive(self, floating: int | None) -> list[tuple[int, int]]:
        """(link, body) of everything that has a mass; link -1 is the base."""
        pairs = [(link, body) for link, body in enumerate(self._bodies) if body >= 0]
        return pairs if floating is None else [(-1, floating), *pairs]

    def dynamics(self, body: int) -> dict[str, Any]:
        """Inertia, friction, and none of PyBullet's own damping.

        Beware: together with `maxJointVelocity`, PyBullet ignores all of these in silence.
        """
        model = self._model
        geoms = np.flatnonzero(model.geom_bodyid == body)
        floor = np.flatnonzero(model.geom_bodyid == 0)
        # A contact takes MuJoCo's greater coefficient, PyBullet's product; the floor's is 1 here.
        friction = float(model.geom_friction[[*geoms, *floor], 0].max())
        return {
            "localInertiaDiagonal": model.body_inertia[body].tolist(),
            "lateralFriction": friction,
            "spinningFriction": 0.0,
            "rollingFriction": 0.0,
            "restitution": 0.0,
            "linearDamping": 0.0,
            "angularDamping": 0.0,
            "jointDamping": 0.0,
        }

    def _shapes(self, body: int) -> int:
        model, client = self._model, self._client
        geoms = [
            g for g in np.flatnonzero(model.geom_bodyid == body)
            if model.geom_contype[g] or model.geom_conaffinity[g]
        ]  # fmt: skip
        if not geoms:
            return -1
        kinds, radii, lengths, extents = [], [], [], []
        for geom in geoms:
            kind, size = int(model.geom_type[geom]), model.geom_size[geom]
            kinds.append(_shape_type(client, kind))
            radii.append(float(size[0]))
            lengths.append(float(2 * size[1]))
            extents.append(size.tolist())
        return client.createCollisionShapeArray(
            shapeTypes=kinds,
            radii=radii,
            halfExtents=extents,
            lengths=lengths,
            collisionFramePositions=[model.geom_pos[g].tolist() for g in geoms],
            collisionFrameOrientations=[_xyzw(model.geom_quat[g]) for g in geoms],
        )


def _joint_type(client: Any, model: mujoco.MjModel, joint: int) -> int:
    if joint < 0:
        return client.JOINT_FIXED
    kinds = {_SLIDE: client.JOINT_PRISMATIC, _HINGE: client.JOINT_REVOLUTE}
    kind = int(model.jnt_type[joint])
    if kind not in kinds:
        name = model.joint(joint).name
        raise RobotError(
            f"joint {name!r}: its type is not there in pybullet; allowed: slide, hinge"
        )
    return kinds[kind]


def _shape_type(client: Any, kind: int) -> int:
    kinds = {
        int(mujoco.mjtGeom.mjGEOM_SPHERE): client.GEOM_SPHERE,
        int(mujoco.mjtGeom.mjGEOM_CAPSULE): client.GEOM_CAPSULE,
        int(mujoco.mjtGeom.mjGEOM_BOX): client.GEOM_BOX,
        int(mujoco.mjtGeom.mjGEOM_CYLINDER): client.GEOM_CYLINDER,
    }
    if kind not in kinds:
        raise RobotError("geom: its type is not there in pybullet; allowed: sphere, capsule, box")
    return kinds[kind]


def _xyzw(quaternion: Array) -> list[float]:
    """PyBullet's order of a quaternion from MuJoCo's (w, x, y, z)."""
    w, x, y, z = quaternion.tolist()
    return [x, y, z, w]
