"""The robots as Gymnasium environments.

robots.register()
env = gymnasium.make("adaptive-control/HalfCheetah-v0", perturbation="mass:2@5s")
"""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np

from robots.errors import RobotError
from robots.perturbations import Perturbations
from robots.registry import get_robot, robot_names
from robots.render import FrameRenderer
from robots.simulator import Simulator

__all__ = ["RobotEnv", "environment_id", "register"]

_EPISODE_STEPS = 1000  # as in Gymnasium's own MuJoCo environments


_UNBOUNDED = 1e6
"""Stands for no limit: Gymnasium's checker warns of infinite ones."""


class RobotEnv(gymnasium.Env[np.ndarray, np.ndarray]):
    """A `Simulator` as a Gymnasium environment; an episode ends when the robot has fallen.

    Args:
        robot: its name.
        perturbation: perturbations, or their text.
        render_mode: "rgb_array" or None.
        width: of a rendered frame [pixels].
        height: likewise.

    Raises:
        RobotError: see `Simulator`; and when rendering is asked for and impossible.
    """

    metadata = {"render_modes": ["rgb_array"], "render_fps": 20}  # noqa: RUF012 (Gymnasium's form)

    def __init__(
        self,
        robot: str,
        perturbation: str | Perturbations = "none",
        render_mode: str | None = None,
        width: int = 480,
        height: int = 360,
    ):
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise RobotError(
                f"render_mode: {render_mode!r} is not allowed; allowed: rgb_array or None"
            )
        self.simulator = Simulator(robot, perturbation)
        self.render_mode = render_mode
        self._frame_size = (width, height)
        self._renderer: FrameRenderer | None = None
        spec = self.simulator.robot.spec
        self.metadata = {**self.metadata, "render_fps": round(1 / spec.dt)}
        self.action_space = gymnasium.spaces.Box(spec.action_low, spec.action_high)
        limits = [(max(f.low, -_UNBOUNDED), min(f.high, _UNBOUNDED)) for f in spec.observation]
        low, high = np.array(limits, dtype=np.float32).T
        self.observation_space = gymnasium.spaces.Box(low, high)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start an episode; with a seed, the same as `Simulator.reset(seed)`."""
        super().reset(seed=seed)
        if seed is None:
            seed = int(self.np_random.integers(2**31))
        return self.simulator.reset(seed).copy(), self._info()

    def step(self, action: np.ndarray) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Advance by one control period; never truncates by itself."""
        step = self.simulator.step(action)
        return step.observation.copy(), step.reward, step.fallen, False, self._info()

    def render(self) -> np.ndarray | None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """The picture now: uint8 [height, width, 3]."""
        if self.render_mode is None:
            return None
        if self._renderer is None:
            self._renderer = FrameRenderer(self.simulator, *self._frame_size)
        return self._renderer.frame()

    def close(self) -> None:
        """Free the graphics memory."""
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None

    def _info(self) -> dict[str, Any]:
        return {"time": self.simulator.time, "position": self.simulator.position}


def environment_id(robot: str) -> str:
    """The Gymnasium id of a robot: "half-cheetah" is "adaptive-control/HalfCheetah-v0"."""
    name = "".join(word.capitalize() for word in get_robot(robot).spec.name.split("-"))
    return f"adaptive-control/{name}-v0"


def register() -> None:
    """Register every robot with Gymnasium; more than once is harmless."""
    for robot in robot_names():
        if environment_id(robot) not in gymnasium.registry:
            gymnasium.register(
                id=environment_id(robot),
                entry_point="robots.gym:RobotEnv",
                kwargs={"robot": robot},
                max_episode_steps=_EPISODE_STEPS,
            )
