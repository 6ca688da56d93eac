"""Motors by name, and what is written to them.

Slots, constants and header bytes: unitree_sdk2, examples `go2_low_level` and `go2_stand_example`;
unitree_sdk2_python, `unitree_legged_const`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deploy.runtime.link.unitree.layout import LOW_CMD

__all__ = ["JOINTS", "POSITION_STOP", "VELOCITY_STOP", "Drive", "slot_of", "write_command"]

LEGS = ("FR", "FL", "RR", "RL")
PARTS = ("hip", "thigh", "calf")

JOINTS = tuple(f"{leg}_{part}_joint" for leg in LEGS for part in PARTS)
"""The 12 joints in the order of their slots; the other 8 of the 20 slots have no motor."""

POSITION_STOP = 2.146e9
"""In place of a position: do not hold any."""
VELOCITY_STOP = 16000.0
"""In place of a velocity: do not hold any."""

_SLOTS = 20
_SERVO = 0x01
_HEAD = (0xFE, 0xEF)
_LOW_LEVEL = 0xFF

_NAMES: dict[str, int] = {}
for _slot, _joint in enumerate(JOINTS):
    _leg, _part, _ = _joint.split("_")
    _NAMES |= {_joint: _slot, f"{_leg}_{_part}": _slot, f"{_leg}_{PARTS.index(_part)}": _slot}


@dataclass(frozen=True)
class Drive:
    """What one motor is told; torque = kp (q - q_now) + kd (dq - dq_now) + tau.

    Attributes:
        q: [rad].
        dq: [rad/s].
        tau: [N m].
        kp: [N m/rad].
        kd: [N m s/rad].
    """

    q: float = POSITION_STOP
    dq: float = VELOCITY_STOP
    tau: float = 0.0
    kp: float = 0.0
    kd: float = 0.0


def slot_of(joint: str) -> int | None:
    """A joint's slot by its name: `FR_hip_joint`, `FR_hip` or `FR_0`; None if it has none."""
    return _NAMES.get(joint)


def write_command(message: Any, drives: Mapping[int, Drive]) -> None:
    """Fill a LowCmd_ in, its checksum last.

    Args:
        message: unitree_go LowCmd_, or anything with its fields.
        drives: by slot; slots without one hold nothing.
    """
    message.head[0], message.head[1] = _HEAD
    message.level_flag = _LOW_LEVEL
    message.gpio = 0
    idle = Drive()
    for slot in range(_SLOTS):
        motor, drive = message.motor_cmd[slot], drives.get(slot, idle)
        motor.mode = _SERVO
        motor.q, motor.dq, motor.tau = drive.q, drive.dq, drive.tau
        motor.kp, motor.kd = drive.kp, drive.kd
    message.crc = LOW_CMD.checksum(message)
