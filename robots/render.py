"""Pictures of a simulator, with or without a display."""

from __future__ import annotations

import atexit
import ctypes.util
import importlib
import os
import sys
import weakref
from types import TracebackType
from typing import Any, Self

import mujoco
import numpy as np

from robots.errors import RobotError
from robots.plant import compiled
from robots.simulator import Simulator

__all__ = ["FrameRenderer"]

_AZIMUTH, _ELEVATION = 90.0, -12.0  # degrees; seen from the robot's right, it runs to the right
_LARGEST = 4096  # pixels
_SAMPLES = 4  # a pixel; software rendering pays for each
_MAX_GEOMS = 1000

_COLOURS = {
    int(mujoco.mjtBuiltin.mjBUILTIN_CHECKER): ((0.80, 0.83, 0.86), (0.68, 0.72, 0.77)),
    int(mujoco.mjtBuiltin.mjBUILTIN_GRADIENT): ((0.97, 0.98, 1.0), (0.62, 0.74, 0.88)),
}
"""Two colours for each pattern of ground and sky: bright, so that the robot stands out."""

_BACKENDS = {"egl": "EGL", "osmesa": "OSMesa"}
"""MuJoCo's ways to draw without a display, best first, and the shared library each needs."""

_HELP = (
    "install libegl1 (or libosmesa6 and set MUJOCO_GL=osmesa): on Debian and Ubuntu, "
    "apt-get install libegl1 libgl1"
)


class FrameRenderer:
    """Draws a simulator as it is now, from the side, following the torso; a slope looks like one.

    Works without a display: on Linux with EGL, else with OSMesa, unless the environment variable
    MUJOCO_GL says which. Use it from one thread, and close it (or use it in a `with` statement).

    Args:
        simulator: what to draw.
        width: of a frame [pixels].
        height: likewise.

    Raises:
        RobotError: the size is not allowed, or this machine cannot render; says what to do.
    """

    def __init__(self, simulator: Simulator, width: int = 480, height: int = 360):
        if not (0 < width <= _LARGEST and 0 < height <= _LARGEST):
            raise RobotError(
                f"rendering: {width} x {height} pixels are not allowed; allowed: 1 to {_LARGEST}"
            )
        self._simulator = simulator
        self._rect = mujoco.MjrRect(0, 0, width, height)
        self._frame = np.zeros((height, width, 3), dtype=np.uint8)
        self._model: mujoco.MjModel | None = None
        self._data: Any = None
        # The plants of a robot differ in nothing that a context holds (textures, meshes).
        canvas = simulator.robot.mj_spec()
        canvas.visual.global_.offwidth, canvas.visual.global_.offheight = width, height
        canvas.visual.quality.offsamples = _SAMPLES
        for texture in canvas.textures:
            top, bottom = _COLOURS.get(int(texture.builtin), (texture.rgb1, texture.rgb2))
            texture.rgb1, texture.rgb2 = top, bottom
        model = canvas.compile()
        self._gl: Any = _make_context(width, height)
        _close_at_exit(self)
        self._context = mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, self._context)
        self._scene = mujoco.MjvScene(compiled(simulator.robot, ()), _MAX_GEOMS)
        # Shadows and reflections cost most of the time where there is no graphics card.
        self._scene.flags[mujoco.mjtRndFlag.mjRND_SHADOW] = 0
        self._scene.flags[mujoco.mjtRndFlag.mjRND_REFLECTION] = 0
        self._options = mujoco.MjvOption()
        self._camera = mujoco.MjvCamera()
        self._camera.distance = simulator.robot.view_distance
        self._camera.azimuth, self._camera.elevation = _AZIMUTH, _ELEVATION

    def frame(self) -> np.ndarray:
        """The picture now: uint8 [height, width, 3], a fresh array."""
        model = self._simulator.model
        if model is not self._model:
            self._model, self._data = model, mujoco.MjData(model)
        # A copy is brought up to date, as drawing must not touch the simulation.
        self._data.qpos[:] = self._simulator.data.qpos
        mujoco.mj_fwdPosition(model, self._data)
        self._camera.lookat[:] = self._simulator.position
        mujoco.mjv_updateScene(
            model,
            self._data,
            self._options,
            None,
            self._camera,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        self._turn_camera(model.opt.gravity)
        self._gl.make_current()
        mujoco.mjr_render(self._rect, self._scene, self._context)
        mujoco.mjr_readPixels(self._frame, None, self._rect, self._context)
        return np.flipud(self._frame).copy()

    def close(self) -> None:
        """Free the graphics memory."""
        if self._gl is not None:
            self._gl.make_current()
            self._context.free()
            self._gl.free()
            self._gl = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _turn_camera(self, gravity: np.ndarray) -> None:
        """Turn the camera about y until gravity points down in the picture."""
        angle = np.arctan2(gravity[0], -gravity[2])
        cos, sin = np.cos(angle), np.sin(angle)
        turn = np.array([[cos, 0.0, -sin], [0.0, 1.0, 0.0], [sin, 0.0, cos]])
        target = self._camera.lookat
        for eye in self._scene.camera:
            eye.pos[:] = target + turn @ (eye.pos - target)
            eye.forward[:] = turn @ eye.forward
            eye.up[:] = turn @ eye.up


_open: weakref.WeakSet[FrameRenderer] = weakref.WeakSet()


def _close_at_exit(renderer: FrameRenderer) -> None:
    # Contexts must go before MuJoCo's own exit hook, which ends EGL: hooks run last in, first out.
    if not _open:
        atexit.register(lambda: [renderer.close() for renderer in list(_open)])
    _open.add(renderer)


def _make_context(width: int, height: int) -> Any:
    """An OpenGL context, made current."""
    backend = _backend()
    try:
        context = importlib.import_module(f"mujoco.{backend}").GLContext(width, height)
        context.make_current()
    except Exception as error:  # whatever a driver, or PyOpenGL without one, comes up with
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise RobotError(f"rendering: {backend} failed ({reason}); {_HELP}") from error
    return context


def _backend() -> str:
    """Name of the module of `mujoco` that makes contexts here."""
    chosen = os.environ.get("MUJOCO_GL", "").strip().lower()
    if chosen in (*_BACKENDS, "glfw", "cgl"):
        return chosen
    if sys.platform == "darwin":
        return "cgl"
    for backend, library in _BACKENDS.items():
        if ctypes.util.find_library(library):
            return backend
    if os.environ.get("DISPLAY") or sys.platform == "win32":
        return "glfw"
    raise RobotError(f"rendering: there is neither EGL nor OSMesa nor a display here; {_HELP}")
