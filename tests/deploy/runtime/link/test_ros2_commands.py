"""Commands over ROS 2: what controllers hear, and what is never sent."""

from __future__ import annotations

import math

import numpy as np
import pytest

from deploy.errors import DeployError
from deploy.runtime.link.hardware.keeper import Keeper, Order
from deploy.runtime.link.ros2.config import parse_ros2
from deploy.runtime.link.ros2.sink import Ros2Sink
from tests.deploy.runtime.link.cart import command, opened, published, wiring


def test_commands_go_out_in_the_controllers_order_with_signs_and_limits(ros, tmp_path):
    link = opened(wiring(tmp_path))
    link.write(command(0, (0.5, 0.25)))
    link.write(command(1, (-3.0, 3.0)))
    assert [message.data for message in published(ros)] == [[0.5, -1.0], [1.5, 2.0]]
    link.close()


def test_a_trajectory_arrives_after_a_period_and_lasts_until_the_command_expires(ros, tmp_path):
    link = opened(wiring(tmp_path, command='type = "trajectory"'))
    link.write(command(0, (0.5, 0.25)))
    (message,) = published(ros)
    assert message.joint_names == ["right", "left"]
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 0)
    times = [(p.time_from_start.sec, p.time_from_start.nanosec) for p in message.points]
    assert times == [(0, 50_000_000), (0, 150_000_000)]
    assert [point.positions for point in message.points] == [[0.5, -1.0]] * 2
    assert all(not point.velocities and not point.effort for point in message.points)
    link.close()


def test_a_command_that_must_not_be_sent_is_not(ros, tmp_path):
    link = opened(wiring(tmp_path))
    link.write(command(0, armed=False))
    link.write(command(1, (0.5, math.nan)))
    link.write(command(2, (0.5, math.inf)))
    assert published(ros) == []
    assert link.counters["command not finite"] == 2
    with pytest.raises(DeployError, match=r"shape \(3,\); allowed: \(2,\)"):
        link.write(command(3, (0.0, 0.0, 0.0)))
    link.close()
    assert published(ros) == []
    watching = opened(wiring(tmp_path), commands=False)
    watching.write(command())
    assert watching.counters["commands are off"] == 1
    watching.close()
    assert ros.rclpy.NODES == []


def test_an_expired_command_gives_way_to_the_safe_action(ros, tmp_path):
    sink = Ros2Sink(parse_ros2(f"ros2://cart?config={wiring(tmp_path)}"))
    keeper = Keeper(sink)
    keeper.command(Order(np.array([0.5, 0.5]), 150_000_000), 0)
    keeper.repeat(100_000_000)  # a controller holds what it heard
    assert len(published(ros)) == 1
    keeper.repeat(200_000_000)
    assert published(ros)[-1].data == [0.5, 0.0]  # right: 2 * 0.25, left: 0
    sink.close()


def test_a_gait_goes_on_below_a_command_and_stands_still_without(ros, tmp_path):
    path = wiring(tmp_path, head="gait = [[0.0, 0.0], [0.1, -0.1]]")
    sink = Ros2Sink(parse_ros2(f"ros2://cart?config={path}"))
    keeper = Keeper(sink)
    period = 50_000_000
    keeper.command(Order(np.array([0.5, 0.5]), 2 * period, period=7, since_ns=0), 0)
    keeper.repeat(period // 2)
    keeper.repeat(period)
    keeper.repeat(3 * period)
    assert [message.data for message in published(ros)] == [[0.9, -0.9], [1.0, -1.0], [0.5, 0.0]]
    sink.close()


def test_subscriptions_are_best_effort_and_commands_are_heard_by_all(ros, tmp_path):
    link = opened(wiring(tmp_path), query="&imu=/imu/data&command=effort/commands")
    listener, speaker = ros.rclpy.NODES
    topics = {topic: qos for topic, _, _, qos in listener.subscriptions_made}
    assert sorted(topics) == ["/cart/joint_states", "/cart/odom", "/imu/data"]
    for qos in topics.values():
        assert (qos.history, qos.depth, qos.reliability) == ("keep last", 1, "best effort")
    ((kind, qos, publisher),) = speaker.publishers_made
    assert (kind.__name__, publisher.topic) == ("Float64MultiArray", "/cart/effort/commands")
    # A reliable subscriber, as ros2_control's are, does not hear a best-effort publisher.
    assert (qos.depth, qos.reliability) == (1, "reliable")
    link.close()
