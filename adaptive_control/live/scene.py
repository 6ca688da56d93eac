"""The 3-D view: robots, ground, and what the planner foresees.

Geometry is sent when it first appears or changes shape; after that only poses are. The world moves
under a camera that stays where its user turned it, so the torso stays in view. A twin that falls
far behind is drawn at the edge of the view; its label says where it really is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import mujoco
import numpy as np
import viser

from adaptive_control.live.foresee import torso_paths
from adaptive_control.live.meshes import mesh_of
from adaptive_control.live.snapshot import RobotView, Shapes

__all__ = ["COLOURS", "Scene"]

COLOURS = ((38, 111, 201), (214, 120, 38))
"""Of the robot and its twin, here and in the plots."""

_APART = 1.4  # m between a robot and its twin
_FARTHEST = 1.2  # m that a twin is drawn away from where it would be side by side
_LIFT = 0.25  # m that paths are drawn above the torso, which would hide them
_PLAN, _ELITE, _OTHER = (220, 40, 60), (245, 160, 40), (160, 165, 175)


class Scene:
    """Draws robots on a viser server.

    Args:
        server: the server.
    """

    def __init__(self, server: viser.ViserServer):
        self._scene = server.scene
        self._scene.set_up_direction("+z")
        self._grid = self._scene.add_grid(
            "/grid", width=60, height=60, cell_size=0.5, section_size=1.0, plane_opacity=0.35,
            plane_color=(225, 230, 236), cell_color=(205, 210, 218), section_color=(165, 172, 184),
            fade_distance=25.0,
        )  # fmt: skip
        server.initial_camera.position = (0.2, -3.4, 1.6)
        server.initial_camera.look_at = (0.2, 0.5, 0.5)
        self._figures: list[_Figure] = []

    def show(self, robots: Sequence[RobotView], foresight: bool, due: bool = True) -> None:
        """Draw the robots as they are now.

        Args:
            robots: the robots.
            foresight: with what their planners tried.
            due: work that out anew; else what was drawn last stays.
        """
        while len(self._figures) > len(robots):
            self._figures.pop().remove()
        while len(self._figures) < len(robots):
            self._figures.append(_Figure(self._scene, len(self._figures)))
        x, y = robots[0].position[:2]
        self._grid.position = (-(x % 1.0), -(y % 1.0), 0.0)
        flat = True
        for figure, view in zip(self._figures, robots, strict=True):
            # Each runs in a lane of its own; along x they are where they are in the world.
            gap = view.position[:2] - robots[0].position[:2]
            beyond = gap - np.clip(gap, -_FARTHEST, _FARTHEST)
            words = view.label + (f" ({gap[0]:+.1f} m)" if figure is not self._figures[0] else "")
            figure.show(view, np.array([-x - beyond[0], -y - beyond[1], 0.0]), words)
            if due or not foresight:
                figure.draw_paths(view if foresight else None)
            flat = flat and figure.flat
        if self._grid.visible != flat:
            self._grid.visible = flat


class _Figure:
    """One robot."""

    def __init__(self, scene: viser.SceneApi, number: int):
        self._scene, self._number = scene, number
        self._root = scene.add_frame(f"/robot{number}", show_axes=False)
        self._geoms: dict[int, tuple[Any, Any]] = {}
        self._lines: list[Any] = []
        self._label = scene.add_label(f"/robot{number}/label", "", anchor="bottom-center")
        self.flat = True

    def remove(self) -> None:
        self._root.remove()

    def show(self, view: RobotView, shift: np.ndarray, words: str) -> None:
        self._root.position = tuple(shift + np.array([0.0, _APART * self._number, 0.0]))
        self._pose(view.shapes)
        if self._label.text != words:
            self._label.text = words
        self._label.position = tuple(view.position + np.array([0.0, 0.0, 0.55]))

    def _pose(self, shapes: Shapes) -> None:
        quaternion = np.empty(4)
        seen = set()
        self.flat = True
        for geom in range(shapes.model.ngeom):
            colour = shapes.rgba[geom]
            kind = shapes.model.geom_type[geom]
            if kind == mujoco.mjtGeom.mjGEOM_PLANE:
                self.flat = bool(colour[3] > 0)
                continue
            if colour[3] <= 0:
                continue
            seen.add(geom)
            key = (int(kind), shapes.size[geom].tobytes(), colour.tobytes())
            if geom not in self._geoms or self._geoms[geom][0] != key:
                handle = self._send(shapes, geom)
                if handle is None:
                    continue
                self._geoms[geom] = (key, handle)
            handle = self._geoms[geom][1]
            mujoco.mju_mat2Quat(quaternion, shapes.rotation[geom])
            handle.position = tuple(shapes.position[geom])
            handle.wxyz = tuple(quaternion)
        for gone in set(self._geoms) - seen:
            self._geoms.pop(gone)[1].remove()

    def _send(self, shapes: Shapes, geom: int) -> Any:
        mesh = mesh_of(shapes.model, geom, shapes.size[geom])
        if mesh is None:
            return None
        own = shapes.model.geom_matid[geom] < 0 or shapes.model.geom_bodyid[geom] > 0
        return self._scene.add_mesh_simple(
            f"/robot{self._number}/geom{geom}", *mesh, color=self._colour(shapes.rgba[geom], own)
        )

    def _colour(self, rgba: np.ndarray, own: bool) -> tuple[int, int, int]:
        """Greys, browns and the red of what is dead stay; the robot's own wears its lane's."""
        red, green, blue = (int(255 * value) for value in rgba[:3])
        if own and red > green > blue and (red, green, blue) == (204, 153, 102):
            return COLOURS[self._number]
        return red, green, blue

    def draw_paths(self, view: RobotView | None) -> None:
        if view is None or view.foresight is None:
            for lines in self._lines:
                lines.visible = False
            return
        paths = torso_paths(view.foresight) + np.array([0.0, 0.0, _LIFT])
        elites = view.foresight.elites
        groups = (
            (paths[1 + elites :], _OTHER, 2.0),
            (paths[1 : 1 + elites], _ELITE, 3.0),
            (paths[:1], _PLAN, 6.0),
        )
        points = [_segments(group) for group, _, _ in groups]
        if not self._lines:
            self._lines = [
                self._scene.add_line_segments(
                    f"/robot{self._number}/paths{number}", points[number], colour,
                    thickness=thickness, thickness_units="screen",
                )
                for number, (_, colour, thickness) in enumerate(groups)
            ]  # fmt: skip
            return
        for lines, moved in zip(self._lines, points, strict=True):
            lines.points, lines.visible = moved, True


def _segments(paths: np.ndarray) -> np.ndarray:
    """Ends of the pieces [n H, 2, 3] of paths [n, H + 1, 3]."""
    return np.stack([paths[:, :-1], paths[:, 1:]], axis=2).reshape(-1, 2, 3).astype(np.float32)
