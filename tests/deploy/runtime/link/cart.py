"""A cart over the stand-in for rclpy (`fakes/ros2`): its wiring, what it says, the link to it."""

from __future__ import annotations

import numpy as np

from deploy.runtime.link.base import Command
from deploy.runtime.link.hardware.link import HardwareLink
from deploy.runtime.link.ros2.config import parse_ros2
from deploy.runtime.link.ros2.inputs import Ros2Inputs
from deploy.runtime.link.ros2.sink import Ros2Sink
from tests.deploy.runtime.link.direct import Direct

DT = 0.05

WIRING = """
robot = "cart"
dt = 0.05
{head}
[command]
joints = ["right", "left"]
{command}

[[observation]]
name = "left_angle"
unit = "rad"
topic = "joint_states"
field = "position"
joint = "left"
sign = -1
offset = 0.5

[[observation]]
name = "right_velocity"
unit = "rad/s"
topic = "joint_states"
field = "velocity"
joint = "right"

[[observation]]
name = "up_z"
unit = "1"
topic = "imu"
field = "up_z"

[[observation]]
name = "turn"
unit = "rad/s"
topic = "imu"
field = "angular_velocity.z"

[[observation]]
name = "forward_speed"
unit = "m/s"
topic = "odom"
field = "forward_speed"

[[action]]
name = "left"
unit = "1"
joint = "left"
low = -1.0
high = 1.0
sign = -1
scale = 2.0

[[action]]
name = "right"
unit = "1"
joint = "right"
low = -1.0
high = 1.0
scale = 2.0
joint_high = 1.5
safe = 0.25
"""


def wiring(folder, head="", command=""):
    path = folder / "wiring.toml"
    path.write_text(WIRING.format(head=head, command=command))
    return path


class Robot:
    """Publishes what a cart would."""

    def __init__(self, ros, namespace="/cart"):
        self.ros, self.namespace = ros, namespace

    def say(self, topic, message):
        self.ros.rclpy.deliver(f"{self.namespace}/{topic}", message)

    def joints(self, period, order=("left", "right"), start=100.0, **changes):
        angle, speed = {"left": 0.2, "right": 9.0}, {"left": 8.0, "right": -1.5}
        message = self.ros.sensor.JointState(
            header=self.ros.sensor.header(start + period * DT), name=list(order),
            position=[angle.get(joint, 7.0) for joint in order],
            velocity=[speed.get(joint, 7.0) for joint in order],
        )  # fmt: skip
        for name, value in changes.items():
            setattr(message, name, value)
        self.say("joint_states", message)

    def body(self, x=0.0, w=1.0, z=0.0):
        imu, odom = self.ros.sensor.Imu(), self.ros.nav.Odometry()
        imu.orientation.w, imu.orientation.z = w, z
        imu.angular_velocity.z = 0.75
        odom.pose.pose.position.x = x
        self.say("imu", imu)
        self.say("odom", odom)


def opened(path, commands=True, query=""):
    address = parse_ros2(f"ros2://cart?config={path}{query}")
    inputs = Ros2Inputs(address)
    sink = Direct(Ros2Sink(address)) if commands else None
    return HardwareLink(address.wiring, inputs, sink, "the cart")


def command(sequence=0, values=(0.5, 0.5), valid_s=60.0, **changes):
    given = {"for_sequence": 0, "stamp_ns": 0, "valid_for_ns": round(valid_s * 1e9), **changes}
    return Command(sequence, values=np.array(values, np.float32), **given)


def published(ros):
    return [m for node in ros.rclpy.NODES for _, _, p in node.publishers_made for m in p.messages]
