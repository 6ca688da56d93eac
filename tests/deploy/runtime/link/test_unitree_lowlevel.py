"""Unitree's messages to the byte: layout, checksum, slots, and what each motor is told."""

from __future__ import annotations

import importlib
import math
import struct
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.runtime.link.hardware.keeper import Order
from deploy.runtime.link.hardware.wiring import Actuator, Wiring
from deploy.runtime.link.unitree.checksum import crc32_mpeg2, word_checksum
from deploy.runtime.link.unitree.drives import Drives, Gains
from deploy.runtime.link.unitree.layout import LOW_CMD, LOW_STATE
from deploy.runtime.link.unitree.lowlevel import JOINTS, Drive, slot_of, write_command
from deploy.runtime.link.unitree.messages import checksum_fault

FAKES = Path(__file__).parent / "fakes" / "unitree"
S = 10**9


@pytest.fixture
def idl(monkeypatch):
    monkeypatch.syspath_prepend(str(FAKES))
    yield importlib.import_module("unitree_sdk2py.idl.unitree_go.msg.dds_")
    for name in [name for name in sys.modules if name.startswith("unitree_sdk2py")]:
        del sys.modules[name]


def bit_by_bit(words):
    """The definition, one bit after another: no tables, no reflection."""
    register = 0xFFFFFFFF
    for word in words:
        for bit in range(31, -1, -1):
            carry = register >> 31
            register = (register << 1) & 0xFFFFFFFF
            if carry ^ (word >> bit & 1):
                register ^= 0x04C11DB7
    return register


@given(st.lists(st.integers(0, 2**32 - 1), min_size=1, max_size=64))
def test_the_checksum_is_that_of_its_definition(words):
    structure = struct.pack(f"<{len(words) + 1}I", *words, 0xDEADBEEF)  # the last is left out
    assert word_checksum(structure) == bit_by_bit(words)


def test_the_checksum_has_its_published_check_value():
    # CRC-32/MPEG-2 of "123456789", as catalogues of CRCs list it.
    assert crc32_mpeg2(b"123456789") == 0x0376E6E7
    assert crc32_mpeg2(b"") == 0xFFFFFFFF
    assert word_checksum(struct.pack("<2I", 0, 0)) == bit_by_bit([0]) == 0xC704DD7B


def test_a_command_is_laid_out_as_in_c(idl):
    # head 2, level, frame, sn 8, version 8, bandwidth 2, 2 unused: motors from byte 24, 36 each.
    message = idl.low_cmd()
    message.head[:] = [0xFE, 0xEF]
    message.level_flag, message.bandwidth = 0xFF, 0x1234
    message.sn[1], message.version[0] = 7, 8
    motor = message.motor_cmd[3]
    motor.mode, motor.q, motor.dq, motor.tau, motor.kp, motor.kd = 1, 0.5, -1.5, 2.5, 40.0, 3.5
    motor.reserve[2] = 9
    message.bms_cmd.off, message.wireless_remote[39], message.led[0] = 0xA5, 11, 12
    message.fan[1], message.gpio, message.reserve, message.crc = 13, 14, 15, 16
    expected = bytearray(812)
    expected[0:4] = [0xFE, 0xEF, 0xFF, 0]
    struct.pack_into("<I", expected, 8, 7)
    struct.pack_into("<I", expected, 12, 8)
    struct.pack_into("<H", expected, 20, 0x1234)
    struct.pack_into("<B3x5f3I", expected, 24 + 3 * 36, 1, 0.5, -1.5, 2.5, 40.0, 3.5, 0, 0, 9)
    expected[744] = 0xA5
    expected[748 + 39] = 11
    expected[788] = 12
    expected[801], expected[802] = 13, 14
    struct.pack_into("<2I", expected, 804, 15, 16)
    assert LOW_CMD.bytes_of(message) == expected


def test_a_state_is_laid_out_as_in_c(idl):
    # IMU from byte 24 (56), motors from 80 (48 each), battery from 1040 (44).
    message = idl.low_state()
    message.imu_state.quaternion[:] = [0.5, -0.5, 0.5, 0.5]
    message.imu_state.gyroscope[2] = 0.25
    message.motor_state[19].q, message.motor_state[19].lost = 1.5, 77
    message.tick, message.crc = 123_456, 0xCAFEF00D
    memory = LOW_STATE.bytes_of(message)
    assert len(memory) == 1180
    assert struct.unpack_from("<4f", memory, 24) == (0.5, -0.5, 0.5, 0.5)
    assert struct.unpack_from("<f", memory, 24 + 16 + 8) == (0.25,)
    assert memory[76] == 60  # temperature of the IMU, then 3 unused
    assert struct.unpack_from("<B3xf", memory, 80 + 19 * 48) == (1, 1.5)
    assert struct.unpack_from("<B3xI", memory, 80 + 19 * 48 + 32) == (30, 77)
    assert struct.unpack_from("<4BiH4B15H", memory, 1040) == (
        1, 2, 8, 90, -1500, 12, 30, 31, 32, 33, *(4000 + i for i in range(15))
    )  # fmt: skip
    assert struct.unpack_from("<4h", memory, 1084) == (10, -2, 30, 40)
    assert struct.unpack_from("<I", memory, 1100) == (123_456,)
    assert struct.unpack_from("<B3xf2B2x2f4HII", memory, 1144) == (
        4, 0.5, 40, 41, 28.5, 1.25, 1, 2, 3, 4, 0, 0xCAFEF00D
    )  # fmt: skip


def test_a_damaged_state_is_found(idl):
    message = idl.low_state()
    message.crc = LOW_STATE.checksum(message)
    assert checksum_fault(message) == ""
    message.motor_state[4].q = 1e-6
    assert checksum_fault(message) == "checksum"
    message.motor_state[4].q = "broken"
    assert checksum_fault(message) == "cut"


def test_slots_are_those_of_the_sdk():
    assert JOINTS[:4] == ("FR_hip_joint", "FR_thigh_joint", "FR_calf_joint", "FL_hip_joint")
    for slot, name in enumerate(
        f"{leg}_{part}" for leg in ("FR", "FL", "RR", "RL") for part in range(3)
    ):
        leg, part = name.split("_")
        word = ("hip", "thigh", "calf")[int(part)]
        assert {slot_of(name), slot_of(f"{leg}_{word}"), slot_of(f"{leg}_{word}_joint")} == {slot}
    assert slot_of("FR_3") is slot_of("wheel") is slot_of("") is None


def test_a_command_message_has_the_sdks_constants(idl):
    message = idl.low_cmd()
    write_command(message, {4: Drive(q=0.5, dq=0.0, tau=0.0, kp=40.0, kd=1.0)})
    assert message.head == [0xFE, 0xEF]
    assert message.level_flag == 0xFF
    idle = message.motor_cmd[0]
    assert (idle.mode, idle.q, idle.dq, idle.tau) == (0x01, 2.146e9, 16000.0, 0.0)
    assert (idle.kp, idle.kd) == (0.0, 0.0)
    assert len(message.motor_cmd) == 20
    told = message.motor_cmd[4]
    assert (told.mode, told.q, told.dq, told.kp, told.kd) == (0x01, 0.5, 0.0, 40.0, 1.0)
    words = struct.unpack("<203I", LOW_CMD.bytes_of(message))
    assert message.crc == words[-1] == bit_by_bit(words[:-1])


# What each motor is told.

GAINS = Gains(kp=40.0, kd=1.0, damping=2.0, engage=1.0, rest=0.5)
SAFE = 0.25


def drives(gains=GAINS, joints=("RL_calf_joint", "FR_hip_joint")):
    actions = tuple(
        Actuator(j, "1", j, -1, 1, scale=0.5, offset=0.1, joint_low=-0.2, joint_high=0.5, safe=SAFE)
        for j in joints
    )
    return Drives(Wiring("dog", 0.02, (), actions), gains)


def told(driver, now_ns, slot=11):
    drive = driver.at(now_ns)[slot]
    return drive.q, drive.kp, drive.kd


def test_without_a_command_all_twelve_motors_brake():
    damped = drives().at(0)
    assert sorted(damped) == list(range(12))
    for drive in damped.values():
        assert (drive.kp, drive.kd, drive.dq, drive.tau) == (0.0, 2.0, 0.0, 0.0)


def test_joints_go_by_name_and_stay_in_their_range():
    driver = drives(Gains(40.0, 1.0, 2.0, engage=0.0))
    driver.command(Order(np.array([0.4, 1.0]), S), 0)
    assert told(driver, 0, slot=11)[0] == pytest.approx(0.3)
    assert told(driver, 0, slot=0)[0] == 0.5  # 0.6 is beyond
    assert told(driver, 0, slot=5) == (2.146e9, 0.0, 2.0)  # no action moves it: damped


def test_stiffness_grows_from_nothing():
    driver = drives()
    driver.command(Order(np.array([0.4, 0.0]), S), 10 * S)
    assert told(driver, 10 * S)[1:] == (0.0, 2.0)
    driver.command(Order(np.array([0.6, 0.0]), S), 10 * S + S // 4)
    assert told(driver, 10 * S + S // 4) == pytest.approx((0.4, 10.0, 1.75))
    assert told(driver, 12 * S)[1:] == (40.0, 1.0)


def test_at_rest_the_motors_go_slack_and_come_back_gently():
    driver = drives()
    driver.command(Order(np.array([0.4, 0.0]), S), 0)
    for ms in range(2000, 2600, 20):
        driver.command(Order(np.array([SAFE, SAFE]), S), ms * 10**6)
        stiff = ms < 2500
        assert told(driver, ms * 10**6)[1:] == ((40.0, 1.0) if stiff else (0.0, 2.0))
    driver.command(Order(np.array([0.4, 0.0]), S), 3 * S)
    assert told(driver, 3 * S)[1] == 0.0
    assert told(driver, 3 * S + S // 2)[1] == 20.0


def test_slack_between_two_commands_counts_as_slack():
    driver = drives()
    driver.command(Order(np.array([0.4, 0.0]), S), 0)
    driver.command(Order(np.array([SAFE, SAFE]), S), 2 * S)
    assert told(driver, 4 * S)[1] == 0.0  # rested meanwhile, with no command since
    driver.command(Order(np.array([0.4, 0.0]), S), 4 * S)
    assert told(driver, 4 * S)[1] == 0.0


def test_after_an_expiry_stiffness_begins_anew():
    driver = drives()
    driver.command(Order(np.array([0.4, 0.0]), S), 0)
    driver.release()
    assert told(driver, 2 * S)[1:] == (0.0, 2.0)
    driver.command(Order(np.array([0.4, 0.0]), S), 3 * S)
    assert told(driver, 3 * S)[1] == 0.0


def test_a_robot_may_hold_its_safe_action():
    driver = drives(Gains(40.0, 1.0, 2.0, rest=math.inf))
    driver.command(Order(np.array([SAFE, SAFE]), S), 0)
    assert told(driver, 1000 * S)[1] == 40.0


@given(st.lists(st.tuples(st.floats(-9, 9), st.integers(0, S)), max_size=30))
def test_whatever_is_commanded_gains_and_targets_stay_in_bounds(steps):
    driver, now = drives(), 0
    for value, wait in steps:
        now += wait
        driver.command(Order(np.array([value, SAFE]), S), now)
        for drive in driver.at(now).values():
            assert 0 <= drive.kp <= 40
            assert 1 <= drive.kd <= 2
            assert drive.q == 2.146e9 or -0.2 <= drive.q <= 0.5
