"""A dog over the stand-in for Unitree's SDK (`fakes/unitree`): wiring, states, the link to it."""

from __future__ import annotations

import numpy as np

from deploy.runtime.link.base import Command
from deploy.runtime.link.hardware.link import HardwareLink
from deploy.runtime.link.unitree.config import parse_unitree
from deploy.runtime.link.unitree.inputs import UnitreeInputs
from deploy.runtime.link.unitree.layout import LOW_STATE
from deploy.runtime.link.unitree.sink import UnitreeSink
from tests.deploy.runtime.link.direct import Direct

WIRING = """
robot = "dog"
dt = 0.02

[gains]
kp = 40.0
kd = 1.0
damping = 2.0
engage = 0.0

[[observation]]
name = "calf"
unit = "rad"
topic = "lowstate"
field = "q"
joint = "RL_calf"

[[observation]]
name = "hip_speed"
unit = "rad/s"
topic = "lowstate"
field = "dq"
joint = "FL_hip"
sign = -1

[[observation]]
name = "up_y"
unit = "1"
topic = "lowstate"
field = "up_y"

[[observation]]
name = "turn"
unit = "rad/s"
topic = "lowstate"
field = "imu_state.gyroscope.2"

[[action]]
name = "calf"
unit = "1"
joint = "RL_calf_joint"
low = -1.0
high = 1.0
scale = 0.5
offset = -1.5
joint_low = -2.7
joint_high = -0.84
safe = -0.5
"""


class Dog:
    """Publishes LowState_ every 2 ms of its own time."""

    def __init__(self, sdk):
        self.sdk, self.tick = sdk, 5000

    def state(self, **changes):
        self.tick += 2
        message = self.sdk.idl.low_state()
        message.tick = self.tick
        message.motor_state[11].q, message.motor_state[11].dq = -1.25, 9.0
        message.motor_state[3].q, message.motor_state[3].dq = 7.0, 3.5
        message.imu_state.quaternion = [0.8, 0.6, 0.0, 0.0]
        message.imu_state.gyroscope = [0.1, 0.2, 0.3]
        for name, value in changes.items():
            setattr(message, name, value)
        message.crc = LOW_STATE.checksum(message)
        return message

    def say(self, message):
        self.sdk.channel.deliver("rt/lowstate", message)


class Heard(Direct):
    """Keeps what each motor was told: position and gains."""

    def __init__(self, sink):
        super().__init__(sink)
        self.said = []
        write = sink._publisher.Write
        sink._publisher.Write = lambda sample: (
            self.said.append([(m.q, m.kp, m.kd) for m in sample.motor_cmd]), write(sample)
        )  # fmt: skip


def opened(path, query=""):
    address = parse_unitree(f"unitree://eth0?config={path}{query}")
    inputs = UnitreeInputs(address)
    commands = Heard(UnitreeSink(address))
    return HardwareLink(address.wiring, inputs, commands, "the dog"), commands


def command(sequence=0, value=0.5, **changes):
    given = {"for_sequence": 0, "stamp_ns": 0, "valid_for_ns": 60_000_000, **changes}
    return Command(sequence, values=np.array([value], np.float32), **given)
