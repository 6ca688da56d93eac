"""A robot over a link, to be watched: its observations become a pose, and nothing is sent to it."""

from __future__ import annotations

import math
import threading
from typing import Any, Protocol

import mujoco
import numpy as np

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.live.shapes import Poser
from adaptive_control.live.slot import Slot
from adaptive_control.live.snapshot import RobotView, Snapshot
from robots import Robot, get_robot
from robots.plant import compiled

__all__ = ["LinkedLoop", "ReadableLink", "pose_of"]


class ReadableLink(Protocol):
    """What is needed of a link to a robot (`deploy.runtime.link.RobotLink` has more)."""

    @property
    def channels(self) -> Any: ...

    def read(self, timeout_s: float) -> Any: ...

    def close(self) -> None: ...


class LinkedLoop:
    """Reads a robot as fast as it reports, and publishes what it shows.

    Args:
        link: to the robot.

    Raises:
        AdaptiveControlError: the robot lacks fields that its pose is worked out from.
        RobotError: it is a robot without a model here.
    """

    def __init__(self, link: ReadableLink):
        self.robot = get_robot(link.channels.robot)
        self.slot: Slot[Snapshot] = Slot()
        self.failure: BaseException | None = None
        names = tuple(channel.name for channel in link.channels.observation)
        missing = sorted(set(self.robot.spec.observation_names) - set(names))
        if missing:
            raise AdaptiveControlError(f"link: the robot lacks {', '.join(missing)}")
        self._order = [names.index(name) for name in self.robot.spec.observation_names]
        self._link, self._poser = link, Poser()
        self._place, self._time, self._episode = np.zeros(2), 0.0, 0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="robot-link", daemon=True)
        self._publish(np.zeros(self.robot.spec.observation_size), False)

    def start(self) -> None:
        """Read in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread and let go of the robot."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        self._link.close()

    def tick(self, timeout_s: float = 0.2) -> None:
        """Take in the newest observation, if there is one."""
        seen = self._link.read(timeout_s)
        if seen is None:
            return
        observation = np.asarray(seen.values, dtype=np.float64)[self._order]
        spec = self.robot.spec
        if seen.reset:
            self._place, self._time = np.zeros(2), 0.0
            self._episode += 1
        field = dict(zip(spec.observation_names, observation, strict=True))
        forward, side = field["forward_speed"], field.get("lateral_speed", 0.0)
        yaw = field.get("yaw", 0.0)
        cos, sin = math.cos(yaw), math.sin(yaw)
        self._place += spec.dt * np.array([cos * forward - sin * side, sin * forward + cos * side])
        self._time += spec.dt
        self._publish(observation, bool(seen.fallen))

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self.tick()
        except BaseException as failure:  # whoever runs the loop says so and ends
            self.failure = failure

    def _publish(self, observation: np.ndarray, fallen: bool) -> None:
        spec = self.robot.spec
        model = compiled(self.robot, ())
        qpos = pose_of(self.robot, observation, self._place)
        view = RobotView(
            label=spec.name,
            shapes=self._poser.pose(model, qpos),
            position=self.robot.position(qpos),
            speed=float(observation[spec.observation_names.index("forward_speed")]),
            fallen=fallen,
        )
        self.slot.publish(
            Snapshot(episode=self._episode, time=self._time, dt=spec.dt, robots=(view,))
        )


def pose_of(robot: Robot, observation: np.ndarray, place: np.ndarray) -> np.ndarray:
    """The state [nq] that an observation [S] tells of, at `place` [2] [m] in the world."""
    model = compiled(robot, ())
    field = dict(zip(robot.spec.observation_names, observation, strict=True))
    qpos = np.array(robot.initial_qpos, dtype=np.float64)
    for joint in robot.joints:
        name = f"{joint}_angle"
        if name in field:
            qpos[model.joint(joint).qposadr[0]] = field[name]
    qpos[0] = place[0]
    # From the height observed to that of qpos, which may be counted from elsewhere.
    level = qpos.copy()
    level[robot.height_index] = 0.0
    qpos[robot.height_index] = field["height"] - float(robot.position(level)[2])
    if model.jnt_type[0] == mujoco.mjtJoint.mjJNT_FREE:
        qpos[1] = place[1]
        qpos[3:7] = _orientation(np.array([field[f"up_{axis}"] for axis in "xyz"]), field["yaw"])
    elif "pitch" in field:
        qpos[2] = field["pitch"]
    return qpos


def _orientation(up: np.ndarray, yaw: float) -> np.ndarray:
    """Quaternion of the torso: `up` is the world's z axis seen from it, `yaw` its heading."""
    length = float(np.linalg.norm(up))
    up = up / length if length > 1e-6 else np.array([0.0, 0.0, 1.0])
    # The torso's x axis in the world: its z part is up_x, the rest points along the heading.
    flat = math.sqrt(max(1.0 - up[0] ** 2, 0.0))
    x = np.array([flat * math.cos(yaw), flat * math.sin(yaw), up[0]])
    level = np.array([-math.sin(yaw), math.cos(yaw), 0.0])
    steep = np.cross(x, level)
    # y and z of the torso lie in the plane of these two; their z parts are up_y and up_z.
    roll = math.atan2(up[1], up[2])
    y = math.cos(roll) * level + math.sin(roll) * steep
    rotation = np.stack([x, y, np.cross(x, y)], axis=1)
    quaternion = np.empty(4)
    mujoco.mju_mat2Quat(quaternion, rotation.ravel())
    return quaternion
