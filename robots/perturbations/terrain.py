"""Uneven ground that rises and falls along x, the same at all y.

The slopes are those of Nagabandi, Clavera et al., "Learning to Adapt in Dynamic, Real-World
Environments", ICLR 2019: basins 0.55 m and hills 0.6 m over 6 m, 1 m and 4 m climbed in 18 m. Here
they repeat, so that the terrain lasts as long as the robot runs.

The ground is a row of straight slabs rather than a MuJoCo height field. A robot on a height field
meets the edges between its prisms: on an even incline, 5 to 30 % of its contacts had normals more
than 8 degrees off (measured with MuJoCo 3.17 at several resolutions). A slab's are exact.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Self

import mujoco
import numpy as np

from robots.errors import RobotError
from robots.perturbations.base import Array, Perturbation, Place
from robots.perturbations.conveyor import conveyor_slots
from robots.robot import FLOOR, Robot

__all__ = ["Relief", "Terrain", "hide_floor"]

_STRETCH = 3.0  # m along x, with one slope
_RUN_UP = 2.0  # m of even ground ahead of the torso at the onset
_STEEPEST = 0.3  # greatest slope of random terrain, rise over run (17 degrees)
_RANDOM_STRETCHES = 256  # then random terrain repeats

_SLABS = 16
_BEHIND = 5  # slabs behind the torso's; those ahead reach 30 m
_HALF_WIDTH, _THICKNESS = 100.0, 1.0  # m

# Slope of each stretch of one period, rise over run.
_SHAPES = {
    "basin": (-0.55 / 3, 0.55 / 3, 0.0),
    "hill": (0.6 / 3, -0.6 / 3, 0.0),
    "gentle": (1.0 / 18,),
    "steep": (4.0 / 18,),
}


@dataclass(frozen=True)
class Relief:
    """Even ground at height 0 up to `start`, then stretches whose slopes repeat.

    Attributes:
        start: world x where the first stretch begins [m].
        slopes: of each stretch of one period, rise over run.
    """

    start: float
    slopes: tuple[float, ...]

    @cached_property
    def _rises(self) -> Array:
        """Height at the start of each stretch of the first period, and at its end [m]."""
        return _STRETCH * np.concatenate([[0.0], np.cumsum(self.slopes)])

    def stretch(self, index: Any) -> tuple[Any, Any]:
        """Slopes of stretches, and heights where they begin [m]; even ground where index < 0."""
        period, within = np.divmod(index, len(self.slopes))
        slope = np.where(index < 0, 0.0, np.array(self.slopes)[within])
        height = np.where(index < 0, 0.0, period * self._rises[-1] + self._rises[within])
        return slope, height

    def index(self, x: Any) -> Any:
        """The stretch at world x, integers."""
        return np.floor((x - self.start) / _STRETCH).astype(np.int64)

    def height(self, x: Any) -> Any:
        """Height of the ground at world x, any shape [m]."""
        index = self.index(x)
        slope, height = self.stretch(index)
        return height + slope * (x - self.start - index * _STRETCH)


@dataclass(frozen=True, kw_only=True)
class Terrain(Perturbation):
    """Uneven ground from 2 m ahead of where the robot is at the onset: `terrain:basin`.

    Attributes:
        shape: basin, hill, gentle, steep, or random-SEED (each 3 m with a slope drawn between -0.3
            and 0.3). Behind the robot the ground is even.
    """

    kind: ClassVar[str] = "terrain"
    takes: ClassVar[str] = f"{', '.join(_SHAPES)} or random-SEED"
    exclusive: ClassVar[str] = "ground"
    structure_name: ClassVar[str] = "terrain"
    follows: ClassVar[bool] = True

    shape: str

    def __post_init__(self) -> None:
        if self.shape not in _SHAPES and not re.fullmatch(
            r"random-(0|[1-9][0-9]{0,8})", self.shape
        ):
            raise RobotError(f"{self.kind}: {self.shape!r} is not allowed; allowed: {self.takes}")

    @classmethod
    def parse(cls, argument: str) -> Self:
        return cls(shape=argument)

    @property
    def argument(self) -> str:
        return self.shape

    @cached_property
    def _slopes(self) -> tuple[float, ...]:
        if self.shape in _SHAPES:
            return _SHAPES[self.shape]
        rng = np.random.default_rng(int(self.shape.removeprefix("random-")))
        return tuple(rng.uniform(-_STEEPEST, _STEEPEST, _RANDOM_STRETCHES).tolist())

    def ground(self, place: Place) -> Relief:
        return Relief(float(place.onset[0]) + _RUN_UP, self._slopes)

    @classmethod
    def structure(cls, spec: mujoco.MjSpec, robot: Robot) -> None:
        # Compiled at full size, so that the bounds derived from it hold for every slope. Slabs
        # collide with what the floor collides with; not with one another, as none can move.
        floor = spec.geom(FLOOR)
        length = _STRETCH * math.hypot(1.0, _STEEPEST)
        for slab in range(_SLABS):
            body = spec.worldbody.add_body(name=_name(slab))
            body.add_geom(
                name=_name(slab),
                type=mujoco.mjtGeom.mjGEOM_BOX,
                size=(length / 2, _HALF_WIDTH, _THICKNESS / 2),
                pos=(0.0, 0.0, -_THICKNESS / 2),
                friction=floor.friction,
                contype=floor.contype,
                conaffinity=floor.conaffinity,
                rgba=(0.55, 0.5, 0.42, 1.0) if slab % 2 else (0.62, 0.57, 0.48, 1.0),
            )

    def apply(self, model: mujoco.MjModel, robot: Robot, place: Place) -> None:
        hide_floor(model)
        for slab, stretch in enumerate(self._stretches(place)):
            self._lay(model, slab, int(stretch), place)

    def follow(self, model: mujoco.MjModel, qpos: Array, qvel: Array, place: Place) -> bool:
        stretches = self._stretches(place)
        middles = self.ground(place).start + _STRETCH * (stretches + 0.5)
        moved = np.flatnonzero(model.body_pos[_bodies(model), 0] != middles)
        for slab in moved:
            self._lay(model, int(slab), int(stretches[slab]), place)
        return bool(moved.size)

    def _stretches(self, place: Place) -> np.ndarray:
        """The stretch that each slab is for a robot that is now here [_SLABS]."""
        return conveyor_slots(int(self.ground(place).index(place.now[0])) - _BEHIND, _SLABS)

    def _lay(self, model: mujoco.MjModel, slab: int, stretch: int, place: Place) -> None:
        relief = self.ground(place)
        slope, height = (float(value) for value in relief.stretch(np.int64(stretch)))
        x = relief.start + _STRETCH * (stretch + 0.5)
        pitch = -math.atan(slope)
        body = model.body(_name(slab)).id
        model.body_pos[body] = (x, place.onset[1], height + slope * _STRETCH / 2)
        model.body_quat[body] = (math.cos(pitch / 2), 0.0, math.sin(pitch / 2), 0.0)
        model.geom(_name(slab)).size[0] = _STRETCH * math.hypot(1.0, slope) / 2


def hide_floor(model: mujoco.MjModel) -> None:
    """Take the plane away: nothing collides with it, nobody sees it."""
    floor = model.geom(FLOOR)
    floor.contype[:] = 0
    floor.conaffinity[:] = 0
    floor.rgba[3] = 0.0


def _name(slab: int) -> str:
    return f"terrain_{slab}"


def _bodies(model: mujoco.MjModel) -> slice:
    first = model.body(_name(0)).id
    return slice(first, first + _SLABS)
