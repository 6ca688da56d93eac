"""A wiring or an address for ROS 2 that makes no sense is refused by name."""

from __future__ import annotations

import pytest

from deploy.errors import DeployError
from deploy.runtime.link import open_link
from deploy.runtime.link.ros2.config import parse_ros2
from tests.deploy.runtime.link.cart import wiring


@pytest.mark.parametrize(
    ("head", "body", "query", "named"),
    [
        ("", 'type = "spline"', "", "type is 'spline'; allowed: array, trajectory"),
        ("", 'interface = "torque"', "", "interface is 'torque'"),
        ("", 'reliability = "some"', "", "reliability is 'some'"),
        ("", "", "&imu=", "name of a topic"),
        ("", "", "&imu=a b", "name of a topic"),
        ("", "", "&commands=maybe", "commands=maybe"),
        ("colour = 1", "", "", "'colour'"),
    ],
)
def test_what_is_wrong_is_refused_by_name(tmp_path, head, body, query, named):
    path = wiring(tmp_path, head, body)
    with pytest.raises(DeployError, match=named):
        parse_ros2(f"ros2://cart?config={path}{query}")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('joints = ["right", "left"]', 'joints = ["right"]', "joints are right; allowed: .* left"),
        ('field = "position"', 'field = "angle"', "'left_angle': joint 'left', field 'angle'"),
        ('joint = "left"\nsign', "sign", "'left_angle': joint ''"),
        ('topic = "odom"', 'topic = "imu"', "'forward_speed'.*imu, which knows no place"),
        ('field = "up_z"', 'field = "up_z"\njoint = "left"', "allowed: on joint_states only"),
    ],
)
def test_a_wiring_that_makes_no_sense_is_refused(tmp_path, old, new, named):
    path = wiring(tmp_path)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DeployError, match=named):
        parse_ros2(f"ros2://cart?config={path}")


def test_without_ros_one_line_says_what_to_do(tmp_path):
    with pytest.raises(DeployError, match=r"source /opt/ros") as caught:
        open_link(f"ros2://cart?config={wiring(tmp_path)}")
    assert "\n" not in str(caught.value)
