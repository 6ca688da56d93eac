"""ROS 2's messages, made by hand: joints, poses, speeds, stamps."""

from __future__ import annotations

import math
from types import SimpleNamespace

import numpy as np
import pytest

from deploy.runtime.link.hardware.pose import MissingError
from deploy.runtime.link.ros2.messages import duration, joint_number, measure, pose_of, stamp_ns


def test_a_joint_is_found_by_its_name_in_every_message(ros):
    state = ros.sensor.JointState
    here = state(name=["a", "b"], position=[1.0, 2.0], velocity=[3.0, 4.0])
    there = state(name=["b", "x", "a"], position=[2.0, 9.0, 1.0], velocity=[4.0, 9.0, 3.0])
    for message in (here, there):
        assert joint_number(message, "a", "position") == 1.0
        assert joint_number(message, "b", "velocity") == 4.0
    for message, named in (
        (state(name=["b"], position=[1.0]), "joint a"),
        (state(name=["a", "a"], position=[1.0, 2.0]), "twice"),
        (state(name=["a"], position=[]), "position of the joints"),
        (state(name=["a", "b"], position=[1.0]), "position of the joints"),
    ):
        with pytest.raises(MissingError, match=named):
            joint_number(message, "a", "position")


def test_a_quaternion_is_taken_with_w_last(ros):
    imu = ros.sensor.Imu()
    imu.orientation = SimpleNamespace(x=0.1, y=0.2, z=0.3, w=0.9)
    assert pose_of("imu", imu).orientation == (0.9, 0.1, 0.2, 0.3)
    imu.orientation_covariance[0] = -1.0
    with pytest.raises(MissingError, match="orientation"):
        pose_of("imu", imu)
    odom = ros.nav.Odometry()
    odom.pose.pose.orientation = SimpleNamespace(x=0.1, y=0.2, z=0.3, w=0.9)
    odom.pose.pose.position.y = 4.0
    assert pose_of("odom", odom).orientation == (0.9, 0.1, 0.2, 0.3)
    assert pose_of("odom", odom).position == (0.0, 4.0, 0.0)


def test_a_twist_is_turned_into_the_world(ros):
    odom = ros.nav.Odometry()
    half = math.pi / 4  # a quarter turn to the left
    odom.pose.pose.orientation = SimpleNamespace(x=0.0, y=0.0, z=math.sin(half), w=math.cos(half))
    odom.twist.twist.linear.x = 2.0
    got = [
        measure(SimpleNamespace(joint="", field=f"world_velocity_{axis}"), odom)  # pyright: ignore
        for axis in "xyz"
    ]
    np.testing.assert_allclose(got, [0.0, 2.0, 0.0], atol=1e-12)


def test_stamps_and_durations(ros):
    assert stamp_ns(ros.sensor.JointState(header=ros.sensor.header(12.5))) == 12_500_000_000
    assert stamp_ns(ros.sensor.JointState()) == 0
    assert duration(0.15) == (0, 150_000_000)
    assert duration(2.000000001) == (2, 1)
