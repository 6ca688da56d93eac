"""Where the geoms of a plant are, worked out without touching the simulation's own data."""

from __future__ import annotations

import mujoco
import numpy as np

from adaptive_control.live.snapshot import Shapes

__all__ = ["Poser"]


class Poser:
    """Forward kinematics on scratch data: after `mj_step`, a simulator's is one step behind."""

    def __init__(self) -> None:
        self._data: mujoco.MjData | None = None
        self._sizes = (-1, -1)

    def pose(
        self, model: mujoco.MjModel, qpos: np.ndarray, mocap: mujoco.MjData | None = None
    ) -> Shapes:
        """The shapes of `model` in the state `qpos` [nq]."""
        data = self._data
        if data is None or self._sizes != (model.nq, model.ngeom):
            self._sizes = (model.nq, model.ngeom)
            data = self._data = mujoco.MjData(model)
        data.qpos[:] = qpos
        if mocap is not None:
            data.mocap_pos[:], data.mocap_quat[:] = mocap.mocap_pos, mocap.mocap_quat
        mujoco.mj_kinematics(model, data)
        return Shapes(
            model,
            model.geom_size.copy(),
            model.geom_rgba.copy(),
            data.geom_xpos.copy(),
            data.geom_xmat.copy(),
        )
