"""The whole link over ROS 2, with the keeper in its own process."""

from __future__ import annotations

import importlib
import json
import time

import pytest

from deploy.errors import DeployError
from deploy.runtime.link import open_link
from tests.deploy.runtime.link.cart import Robot, command, wiring


def test_a_robot_that_does_not_come_is_told_with_what_did(ros, tmp_path, monkeypatch):
    deliver = ros.rclpy.create_node

    def with_a_robot(*arguments, **options):
        node = deliver(*arguments, **options)
        ros.rclpy.WAITING.append((lambda message: Robot(ros).joints(0), None))
        return node

    monkeypatch.setattr(ros.rclpy, "create_node", with_a_robot)
    with pytest.raises(DeployError, match="came joint_states; missing imu: 1 times"):
        importlib.import_module("deploy.runtime.link.ros2").open_link(
            f"ros2://cart?config={wiring(tmp_path)}&commands=off", greeting_s=0.1
        )
    assert ros.rclpy.NODES == []


def node_with_a_robot(ros):
    """`create_node`, and a robot that has spoken for two periods."""
    robot, create = Robot(ros), ros.rclpy.create_node

    def with_a_robot(*arguments, **options):
        node = create(*arguments, **options)
        for period in range(2):
            ros.rclpy.WAITING.append((lambda message: robot.body(), None))
            ros.rclpy.WAITING.append((lambda message, at=period: robot.joints(at), None))
        return node

    return with_a_robot


def test_who_watches_has_no_keeper_of_commands(ros, tmp_path, monkeypatch):
    def keeper(*arguments):
        raise AssertionError("a keeper was started")

    monkeypatch.setattr(ros.rclpy, "create_node", node_with_a_robot(ros))
    monkeypatch.setattr("deploy.runtime.link.hardware.connect.KeeperProcess", keeper)
    link = open_link(f"ros2://cart?config={wiring(tmp_path)}", watch=True)
    assert link.read(0.0) is not None
    link.close()
    with pytest.raises(AssertionError, match="a keeper was started"):
        open_link(f"ros2://cart?config={wiring(tmp_path)}")


def test_a_command_reaches_the_controller_and_expires_there(ros, tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_ROBOT_LOG", str(log))
    monkeypatch.setattr(ros.rclpy, "create_node", node_with_a_robot(ros))
    link = open_link(f"ros2://cart?config={wiring(tmp_path)}")
    assert link.read(0.0) is not None
    link.write(command(0, (0.5, 0.5), valid_s=0.1))
    end = time.monotonic() + 5.0
    while time.monotonic() < end and (not log.exists() or len(log.read_text().splitlines()) < 2):
        time.sleep(0.01)
    link.close()
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert {topic for _, topic, _ in said} == {"/cart/commands"}
    assert said[0][2] == [1.0, -1.0]
    assert all(data == [0.5, 0.0] for _, _, data in said[1:])
    assert len(said) >= 2
