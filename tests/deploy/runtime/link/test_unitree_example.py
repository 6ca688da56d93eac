"""The example of a Go2, wired for bundles of the A1, against the simulator of that robot."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from deploy.runtime.link.unitree.config import parse_unitree
from deploy.runtime.link.unitree.layout import LOW_STATE
from deploy.runtime.link.unitree.lowlevel import slot_of
from robots import get_robot
from tests.deploy.runtime.link.dog import Dog, opened

EXAMPLE = Path(__file__).parents[4] / "examples" / "unitree" / "go2.toml"


def test_the_example_is_an_a1():
    address = parse_unitree(f"unitree://eth0?config={EXAMPLE}")
    assert address.commands
    assert address.check_service
    channels, robot = address.wiring.channels, get_robot("a1")
    assert (channels.robot, channels.dt) == (robot.spec.name, robot.spec.dt)
    for ours, theirs in (
        (robot.spec.observation, channels.observation), (robot.spec.action, channels.action)
    ):  # fmt: skip
        assert [(f.name, f.unit) for f in ours] == [(c.name, c.unit) for c in theirs]
    for field, channel in zip(robot.spec.action, channels.action, strict=True):
        assert (channel.low, channel.high) == (field.low, field.high)
    assert robot.gait is not None
    np.testing.assert_allclose(address.wiring.gait, robot.gait.targets, atol=1e-5)
    names = [f"{joint}_joint" for joint in robot.joints]
    assert [slot_of(name) for name in names] == list(range(12))


@pytest.mark.parametrize("seed", range(5))
def test_through_the_example_an_a1_observes_what_its_simulator_does(sdk, seed):
    robot, random = get_robot("a1"), np.random.default_rng(seed)
    before, now = random.normal(size=(2, 19))
    for qpos in (before, now):
        qpos[3:7] /= np.linalg.norm(qpos[3:7])
    qvel = random.normal(size=18)
    (link, _), dog = opened(EXAMPLE), Dog(sdk)
    for qpos in (before, now):
        place, state = sdk.idl.sport_mode_state(), dog.state()
        state.imu_state.quaternion = qpos[3:7].tolist()
        place.position, place.velocity = qpos[:3].tolist(), qvel[:3].tolist()
        state.imu_state.gyroscope = qvel[3:6].tolist()
        for slot in range(12):
            state.motor_state[slot].q = qpos[7 + slot]
            state.motor_state[slot].dq = qvel[6 + slot]
        state.crc = LOW_STATE.checksum(state)
        sdk.channel.deliver("rt/sportmodestate", place)
        dog.say(state)
        dog.tick += 48
    seen = link.read(0.0)
    assert seen is not None
    expected = robot.observe(now[None], qvel[None], before[None], np.zeros(1), seen.sequence)[0]
    assert seen.sequence == 1
    np.testing.assert_allclose(seen.values, expected, rtol=1e-5, atol=1e-5)
    link.close()
