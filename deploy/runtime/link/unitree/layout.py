"""Low-level messages as the C structures that their checksum is taken of.

Fields, order and types as in unitree_sdk2's IDL `unitree_go` (LowCmd_, LowState_); each number at
its natural alignment, little endian. Sizes: 812 and 1180 bytes.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

import numpy as np

from deploy.runtime.link.unitree.checksum import word_checksum

__all__ = ["LOW_CMD", "LOW_STATE", "Layout"]

_U8, _U16, _U32, _I16, _I32, _F32 = "u1", "<u2", "<u4", "<i2", "<i4", "<f4"


class Layout:
    """A C structure, and how a message with attributes of its fields' names is laid out as one.

    Args:
        fields: name, type and, for arrays, length of each field.
    """

    def __init__(self, *fields: tuple[Any, ...]) -> None:
        inner = [(i, field[1], len(field) == 3) for i, field in enumerate(fields)]
        self._inner = [item for item in inner if isinstance(item[1], Layout)]
        plain = [
            (name, kind.dtype if isinstance(kind, Layout) else kind, *length)
            for name, kind, *length in fields
        ]
        self.dtype = np.dtype(plain, align=True)
        self._get = attrgetter(*(field[0] for field in fields))

    def bytes_of(self, message: Any) -> bytes:
        """The structure's memory, unused bytes zero."""
        structure = np.zeros((), self.dtype)
        structure[()] = self._row(message)
        return structure.tobytes()

    def checksum(self, message: Any) -> int:
        """The checksum that a message must carry in its last word."""
        return word_checksum(self.bytes_of(message))

    def _row(self, message: Any) -> tuple[Any, ...]:
        values = list(self._get(message))
        for index, layout, many in self._inner:
            value = values[index]
            values[index] = [layout._row(item) for item in value] if many else layout._row(value)
        return tuple(values)


_HEAD = (
    ("head", _U8, 2), ("level_flag", _U8), ("frame_reserve", _U8), ("sn", _U32, 2),
    ("version", _U32, 2), ("bandwidth", _U16),
)  # fmt: skip

_MOTOR_CMD = Layout(
    ("mode", _U8), ("q", _F32), ("dq", _F32), ("tau", _F32), ("kp", _F32), ("kd", _F32),
    ("reserve", _U32, 3),
)  # fmt: skip

_BMS_CMD = Layout(("off", _U8), ("reserve", _U8, 3))

LOW_CMD = Layout(
    *_HEAD,
    ("motor_cmd", _MOTOR_CMD, 20), ("bms_cmd", _BMS_CMD), ("wireless_remote", _U8, 40),
    ("led", _U8, 12), ("fan", _U8, 2), ("gpio", _U8), ("reserve", _U32), ("crc", _U32),
)  # fmt: skip
"""What is sent to the motors."""

_IMU_STATE = Layout(
    ("quaternion", _F32, 4), ("gyroscope", _F32, 3), ("accelerometer", _F32, 3), ("rpy", _F32, 3),
    ("temperature", _U8),
)  # fmt: skip

_MOTOR_STATE = Layout(
    ("mode", _U8), ("q", _F32), ("dq", _F32), ("ddq", _F32), ("tau_est", _F32), ("q_raw", _F32),
    ("dq_raw", _F32), ("ddq_raw", _F32), ("temperature", _U8), ("lost", _U32), ("reserve", _U32, 2),
)  # fmt: skip

_BMS_STATE = Layout(
    ("version_high", _U8), ("version_low", _U8), ("status", _U8), ("soc", _U8), ("current", _I32),
    ("cycle", _U16), ("bq_ntc", _U8, 2), ("mcu_ntc", _U8, 2), ("cell_vol", _U16, 15),
)  # fmt: skip

LOW_STATE = Layout(
    *_HEAD,
    ("imu_state", _IMU_STATE), ("motor_state", _MOTOR_STATE, 20), ("bms_state", _BMS_STATE),
    ("foot_force", _I16, 4), ("foot_force_est", _I16, 4), ("tick", _U32),
    ("wireless_remote", _U8, 40), ("bit_flag", _U8), ("adc_reel", _F32), ("temperature_ntc1", _U8),
    ("temperature_ntc2", _U8), ("power_v", _F32), ("power_a", _F32), ("fan_frequency", _U16, 4),
    ("reserve", _U32), ("crc", _U32),
)  # fmt: skip
"""What the motors and the IMU report."""
