"""A whole run over ROS 2's stand-in: loop, planner, keeper, and a simulated robot at the other end.

What the robot publishes is made of its simulator's observations; what it obeys is what the keeper,
a process of its own, has published.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from deploy.runtime.loop.config import RunConfig
from deploy.runtime.loop.start import run_bundle
from robots import Simulator
from tests.deploy.bundles import bundle_path

FAKES = Path(__file__).parent / "fakes" / "ros2"
EXAMPLE = Path(__file__).parents[4] / "examples" / "ros2" / "half_cheetah.toml"
TORQUE = np.array([120, 90, 60, 120, 60, 30])


class HalfCheetah:
    """Steps in real time and publishes what it measures."""

    def __init__(self, log):
        self._rclpy = importlib.import_module("rclpy")
        self._sensor = importlib.import_module("sensor_msgs.msg")
        self._nav = importlib.import_module("nav_msgs.msg")
        self._log, self._stop = log, threading.Event()
        self._simulator = Simulator("half-cheetah", "none", 0)
        self._place = 0.0
        self._thread = threading.Thread(target=self._run)

    def __enter__(self):
        self._simulator.reset(0)
        self._thread.start()
        return self

    def __exit__(self, *failure):
        self._stop.set()
        self._thread.join()

    def commands(self):
        text = self._log.read_text() if self._log.exists() else ""
        return [np.array(json.loads(line)[2]) for line in text.splitlines() if line[-1] == "]"]

    def _run(self):
        due, period = time.monotonic(), 0
        while not self._stop.is_set():
            due, period = due + 0.05, period + 1
            time.sleep(max(0.0, due - time.monotonic()))
            said = self.commands()
            action = said[-1] / TORQUE if said else np.zeros(6)
            outcome = self._simulator.step(action.astype(np.float32))
            self._publish(period, [float(value) for value in outcome.observation])

    def _publish(self, period, observed):
        height, pitch, *angles = observed[:8]
        forward, vertical, rate, *velocities = observed[8:17]
        self._place += 0.05 * observed[17]
        imu, odom = self._sensor.Imu(), self._nav.Odometry()
        turned = SimpleNamespace(x=0.0, y=math.sin(pitch / 2), z=0.0, w=math.cos(pitch / 2))
        imu.orientation = odom.pose.pose.orientation = turned
        imu.angular_velocity.y = rate
        odom.pose.pose.position.x, odom.pose.pose.position.z = self._place, height - 0.7
        cos, sin = math.cos(pitch), math.sin(pitch)
        odom.twist.twist.linear.x = cos * forward - sin * vertical
        odom.twist.twist.linear.z = sin * forward + cos * vertical
        joints = self._sensor.JointState(
            header=self._sensor.header(1000 + 0.05 * period),
            name=["bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot"],
            position=angles, velocity=velocities,
        )  # fmt: skip
        for topic, message in (("imu", imu), ("odom", odom), ("joint_states", joints)):
            self._rclpy.deliver(f"/cheetah/{topic}", message)


@pytest.mark.slow
@pytest.mark.parametrize("readonly", [False, True])
def test_a_bundle_runs_over_ros2(tmp_path, monkeypatch, readonly):
    monkeypatch.syspath_prepend(str(FAKES))
    log = tmp_path / "commands"
    monkeypatch.setenv("FAKE_ROBOT_LOG", str(log))
    config = RunConfig(
        bundle=bundle_path("grbal"), robot=f"ros2://cheetah?config={EXAMPLE}", arm=not readonly,
        readonly=readonly, seconds=2.0, lead=1, view=False, faults=tmp_path / "faults",
    )  # fmt: skip
    try:
        with HalfCheetah(log) as robot:
            summary = run_bundle(config)
            said = robot.commands()
    finally:
        for name in [name for name in sys.modules if name.partition(".")[0] == "rclpy"]:
            del sys.modules[name]
    assert summary["dropped"]["missing position of the period before"] == 1
    assert summary["ticks_in_mode"].get("nominal", 0) > 0
    if readonly:
        assert said == []
        return
    assert len(said) > 20
    assert all(np.all(np.abs(command) <= TORQUE) for command in said)
    assert np.any(said[10] != 0)
    np.testing.assert_array_equal(said[-1], np.zeros(6))  # the safe action is the last word
