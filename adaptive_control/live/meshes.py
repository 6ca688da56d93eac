"""Triangles of MuJoCo's geoms, in each geom's own frame."""

from __future__ import annotations

import mujoco
import numpy as np
import trimesh

__all__ = ["mesh_of"]

_WIDEST = 8.0
"""Slabs are laid a hundred metres wide; this much on each side is enough to see [m]."""


def mesh_of(
    model: mujoco.MjModel, geom: int, size: np.ndarray
) -> tuple[np.ndarray, np.ndarray] | None:
    """Vertices [n, 3] [m] and faces [m, 3]; None for what is drawn otherwise, as planes are."""
    kind = mujoco.mjtGeom(int(model.geom_type[geom]))
    match kind:
        case mujoco.mjtGeom.mjGEOM_SPHERE:
            shape = trimesh.creation.icosphere(subdivisions=2, radius=size[0])
        case mujoco.mjtGeom.mjGEOM_CAPSULE:
            shape = trimesh.creation.capsule(2 * size[1], size[0], count=[16, 16])
            shape.apply_translation(-shape.bounds.mean(axis=0))
        case mujoco.mjtGeom.mjGEOM_CYLINDER:
            shape = trimesh.creation.cylinder(size[0], 2 * size[1])
        case mujoco.mjtGeom.mjGEOM_ELLIPSOID:
            shape = trimesh.creation.icosphere(subdivisions=2, radius=1.0)
            shape.apply_scale(size)
        case mujoco.mjtGeom.mjGEOM_BOX:
            shape = trimesh.creation.box(2 * np.minimum(size, _WIDEST))
        case mujoco.mjtGeom.mjGEOM_MESH:
            return _stored(model, int(model.geom_dataid[geom]))
        case _:
            return None
    return np.asarray(shape.vertices), np.asarray(shape.faces)


def _stored(model: mujoco.MjModel, mesh: int) -> tuple[np.ndarray, np.ndarray]:
    vertex, face = model.mesh_vertadr[mesh], model.mesh_faceadr[mesh]
    return (
        model.mesh_vert[vertex : vertex + model.mesh_vertnum[mesh]],
        model.mesh_face[face : face + model.mesh_facenum[mesh]],
    )
