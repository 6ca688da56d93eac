"""Pictures without a display; and one clear line where there can be none."""

from __future__ import annotations

import itertools
from types import SimpleNamespace
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from robots import FrameRenderer, RobotError, Simulator, register, render, robot_names
from robots.gym import environment_id


@pytest.fixture
def _can_render() -> None:
    try:
        FrameRenderer(Simulator("half-cheetah"), 16, 16).close()
    except RobotError as error:
        pytest.skip(str(error))


@pytest.mark.usefixtures("_can_render")
@pytest.mark.parametrize("robot", robot_names())
def test_frames_follow_the_robot_through_every_plant(robot: str) -> None:
    simulator = Simulator(robot, "slope:5+pier:10@0.1s-0.2s+terrain:hill@0.2s")
    untouched = Simulator(robot, "slope:5+pier:10@0.1s-0.2s+terrain:hill@0.2s")
    frames = []
    with FrameRenderer(simulator, width=96, height=64) as renderer:
        for _ in range(6):
            frames.append(renderer.frame())
            action = np.ones(simulator.robot.spec.action_size)
            np.testing.assert_array_equal(
                simulator.step(action).observation, untouched.step(action).observation
            )
    assert all(frame.shape == (64, 96, 3) and frame.dtype == np.uint8 for frame in frames)
    assert all(frame.std() > 10 for frame in frames)
    assert all((a != b).any() for a, b in itertools.pairwise(frames))


@pytest.mark.usefixtures("_can_render")
def test_uphill_looks_uphill() -> None:
    """Sky is brighter than ground: the left of the picture has more of it."""
    with FrameRenderer(Simulator("half-cheetah", "slope:20"), 96, 64) as renderer:
        frame = renderer.frame().astype(float)
    level = frame[24:48].mean(axis=(0, 2))
    assert level[:20].mean() > level[-20:].mean() + 5


@pytest.mark.usefixtures("_can_render")
@pytest.mark.parametrize("robot", robot_names())
def test_environment_renders(robot: str) -> None:
    register()
    env = gymnasium.make(environment_id(robot), render_mode="rgb_array")
    check_env(env.unwrapped)
    env.reset(seed=0)
    assert np.asarray(env.render(), dtype=np.uint8).shape == (360, 480, 3)
    env.close()


@pytest.mark.parametrize("size", [(0, 10), (10, -1), (100_000, 10)])
def test_bad_size(size: tuple[int, int]) -> None:
    with pytest.raises(RobotError, match=r"pixels are not allowed; allowed: 1 to 4096"):
        FrameRenderer(Simulator("half-cheetah"), *size)


def test_no_graphics_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.setattr(render.sys, "platform", "linux")
    monkeypatch.setattr(render.ctypes.util, "find_library", lambda name: None)
    with pytest.raises(RobotError, match=r"neither EGL nor OSMesa.*install libegl1") as caught:
        FrameRenderer(Simulator("half-cheetah"))
    assert "\n" not in str(caught.value)


def test_broken_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    def context(width: int, height: int) -> Any:
        raise ImportError("Cannot initialize a EGL device display.\nSecond line")

    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.setattr(
        render,
        "importlib",
        SimpleNamespace(import_module=lambda _: SimpleNamespace(GLContext=context)),
    )
    with pytest.raises(RobotError, match=r"egl failed \(Cannot initialize.*install") as caught:
        FrameRenderer(Simulator("half-cheetah"))
    assert "\n" not in str(caught.value)
