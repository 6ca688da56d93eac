"""The example of a half-cheetah over ROS 2, against its simulator."""

from __future__ import annotations

import math
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from deploy.runtime.link.hardware.link import HardwareLink
from deploy.runtime.link.ros2.config import parse_ros2
from deploy.runtime.link.ros2.inputs import Ros2Inputs
from robots import get_robot
from tests.deploy.runtime.link.cart import Robot

EXAMPLE = Path(__file__).parents[4] / "examples" / "ros2" / "half_cheetah.toml"


def test_the_example_is_a_half_cheetah():
    channels = parse_ros2(f"ros2://cheetah?config={EXAMPLE}").wiring.channels
    spec = get_robot("half-cheetah").spec
    assert (channels.robot, channels.dt) == (spec.name, spec.dt)
    for ours, theirs in (
        (spec.observation, channels.observation), (spec.action, channels.action)
    ):  # fmt: skip
        assert [(f.name, f.unit) for f in ours] == [(c.name, c.unit) for c in theirs]
    for field, channel in zip(spec.action, channels.action, strict=True):
        assert (channel.low, channel.high) == (field.low, field.high)


@pytest.mark.parametrize("seed", range(5))
def test_through_the_example_a_half_cheetah_observes_what_its_simulator_does(ros, seed):
    robot, random = get_robot("half-cheetah"), np.random.default_rng(seed)
    before, now, qvel = random.normal(size=(3, 9))
    address = parse_ros2(f"ros2://cart?config={EXAMPLE}&commands=off")
    link, said = HardwareLink(address.wiring, Ros2Inputs(address), None, "it"), Robot(ros)
    for period, (x, z, pitch, *joints) in enumerate((before, now)):
        imu, odom = ros.sensor.Imu(), ros.nav.Odometry()
        turned = SimpleNamespace(x=0.0, y=math.sin(pitch / 2), z=0.0, w=math.cos(pitch / 2))
        imu.orientation = odom.pose.pose.orientation = turned
        imu.angular_velocity.y = qvel[2]
        odom.pose.pose.position.x, odom.pose.pose.position.z = x, z
        # A twist is along the axes of the torso; y points away, so nose down is positive.
        cos, sin = math.cos(pitch), math.sin(pitch)
        odom.twist.twist.linear.x = cos * qvel[0] - sin * qvel[1]
        odom.twist.twist.linear.z = sin * qvel[0] + cos * qvel[1]
        said.say("imu", imu)
        said.say("odom", odom)
        order = random.permutation(6)
        said.joints(
            period, order=[robot.joints[i] for i in order],
            position=[joints[i] for i in order], velocity=[qvel[3 + i] for i in order],
        )  # fmt: skip
    seen = link.read(0.0)
    assert seen is not None
    expected = robot.observe(now[None], qvel[None], before[None], np.zeros(1))[0]
    expected[1] = math.remainder(expected[1], 2 * math.pi)
    np.testing.assert_allclose(seen.values, expected, rtol=1e-5, atol=1e-5)
    link.close()
