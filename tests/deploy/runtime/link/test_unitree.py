"""Unitree: the whole link over a stand-in for its SDK (`fakes/unitree`)."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from deploy.errors import DeployError
from deploy.runtime.link import open_link
from deploy.runtime.link.base import Command
from deploy.runtime.link.hardware.keeper import Keeper
from deploy.runtime.link.hardware.link import HardwareLink
from deploy.runtime.link.unitree import library
from deploy.runtime.link.unitree.config import parse_unitree
from deploy.runtime.link.unitree.inputs import UnitreeInputs
from deploy.runtime.link.unitree.layout import LOW_STATE
from deploy.runtime.link.unitree.lowlevel import slot_of
from deploy.runtime.link.unitree.sink import UnitreeSink
from robots import get_robot

FAKES = Path(__file__).parent / "fakes" / "unitree"
EXAMPLE = Path(__file__).parents[4] / "examples" / "unitree" / "go2.toml"

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


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "dog.toml"
    path.write_text(WIRING)
    return path


@pytest.fixture
def sdk(monkeypatch):
    """The stand-in, fresh for each test."""
    monkeypatch.syspath_prepend(str(FAKES))
    monkeypatch.setattr(library, "_started", [])
    load = importlib.import_module
    yield SimpleNamespace(
        channel=load("unitree_sdk2py.core.channel"),
        idl=load("unitree_sdk2py.idl.unitree_go.msg.dds_"),
        switcher=load("unitree_sdk2py.comm.motion_switcher.motion_switcher_client"),
    )
    for name in [name for name in sys.modules if name.startswith("unitree_sdk2py")]:
        del sys.modules[name]


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


class Direct:
    """Commands go to the keeper at once, in this process."""

    def __init__(self, sink):
        self.keeper, self.sink, self.said = Keeper(sink), sink, []
        write = sink._publisher.Write
        sink._publisher.Write = lambda sample: (
            self.said.append([(m.q, m.kp, m.kd) for m in sample.motor_cmd]), write(sample)
        )  # fmt: skip

    def send(self, order):
        self.keeper.command(order, time.monotonic_ns())
        return True

    def close(self):
        self.keeper.part(time.monotonic_ns())
        self.sink.close()


def opened(path, query=""):
    address = parse_unitree(f"unitree://eth0?config={path}{query}")
    inputs = UnitreeInputs(address)
    commands = Direct(UnitreeSink(address))
    return HardwareLink(address.wiring, inputs, commands, "the dog"), commands


def command(sequence=0, value=0.5, **changes):
    given = {"for_sequence": 0, "stamp_ns": 0, "valid_for_ns": 60_000_000, **changes}
    return Command(sequence, values=np.array([value], np.float32), **given)


def test_motors_go_by_name_and_the_quaternion_has_w_first(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    dog.say(dog.state())
    seen = link.read(0.0)
    assert seen is not None
    # up_y = 2 (y z + w x) = 2 * 0.8 * 0.6; with w last it would be 0.
    np.testing.assert_allclose(seen.values, [-1.25, -3.5, 0.96, 0.3], rtol=1e-6)
    assert (seen.sequence, seen.stamp_ns) == (0, 5_002_000_000)
    assert (seen.applied_sequence, seen.applied.tolist()) == (-1, [-0.5])
    link.close()
    assert sdk.channel.SUBSCRIBERS == []


def test_of_500_states_one_a_period_is_observed(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    stamps = []
    for _ in range(500):
        dog.say(dog.state())
        seen = link.read(0.0)
        stamps += [] if seen is None else [(seen.sequence, seen.stamp_ns)]
    assert len(stamps) == 50
    assert np.all(np.diff([sequence for sequence, _ in stamps]) == 1)
    assert np.all(np.abs(np.diff([stamp for _, stamp in stamps]) - 20_000_000) <= 2_000_000)
    link.close()


def test_a_wrong_checksum_is_dropped_and_counted(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    damaged = dog.state()
    damaged.motor_state[11].q = 3.0
    dog.say(damaged)
    assert link.read(0.0) is None
    assert link.counters["checksum"] == 1
    dog.say(dog.state())
    seen = link.read(0.0)
    assert seen is not None
    assert seen.values[0] == -1.25
    link.close()


def test_checksums_may_be_left_unchecked(sdk, path):
    (link, _), dog = opened(path, "&checksum=off"), Dog(sdk)
    unsigned = dog.state()
    unsigned.crc = 0
    dog.say(unsigned)
    assert link.read(0.0) is not None
    link.close()


def test_what_is_missing_is_counted_and_nan_is_handed_on(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    blank = dog.state(imu_state=sdk.idl.imu())
    blank.imu_state.quaternion = [0.0] * 4  # an IMU that is not ready
    blank.crc = LOW_STATE.checksum(blank)
    dog.say(blank)
    assert link.read(0.0) is None
    assert link.counters["missing orientation"] == 1
    dog.tick += 20
    broken = dog.state()
    broken.motor_state[11].q = float("nan")
    broken.crc = LOW_STATE.checksum(broken)
    dog.say(broken)
    seen = link.read(0.0)
    assert seen is not None
    assert np.isnan(seen.values[0])
    link.close()


def test_late_states_are_dropped_and_a_restart_is_told(sdk, path):
    (link, _), dog = opened(path), Dog(sdk)
    dog.say(dog.state())
    dog.tick -= 2
    dog.say(dog.state())
    assert link.counters["late"] == 0
    assert link.read(0.0) is not None
    assert link.counters["late"] == 1
    dog.tick = 10
    dog.say(dog.state())
    seen = link.read(0.0)
    assert seen is not None
    assert (seen.reset, seen.sequence) == (True, 0)
    link.close()


def test_a_silent_robot_gives_no_observation_in_time(sdk, path):
    link, _ = opened(path)
    began = time.monotonic()
    assert link.read(0.05) is None
    assert time.monotonic() - began >= 0.05
    with pytest.raises(DeployError, match=r"from the dog in 0\.01 s: came nothing"):
        link.await_robot(0.01)
    link.close()


def test_commands_move_one_slot_and_damp_the_rest(sdk, path):
    link, commands = opened(path)
    link.write(command(0, 0.5))
    link.write(command(1, -9.0))
    link.write(command(2, 0.5, armed=False))
    link.write(command(3, float("nan")))
    assert [said[11] for said in commands.said] == [(-1.25, 40.0, 1.0), (-2.0, 40.0, 1.0)]
    assert all(said[3] == (2.146e9, 0.0, 2.0) for said in commands.said)  # a leg without an action
    assert all(said[15] == (2.146e9, 0.0, 0.0) for said in commands.said)  # a slot without a motor
    assert link.counters["command not finite"] == 1
    link.close()
    assert commands.said[-1][11] == (2.146e9, 0.0, 2.0)  # damped: the last word


PLACE = """
[[observation]]
name = "velocity_y"
unit = "m/s"
topic = "sportmodestate"
field = "body_velocity_y"
[[observation]]
name = "forward_speed"
unit = "m/s"
topic = "sportmodestate"
field = "forward_speed"
"""


def test_speeds_come_from_a_second_topic(sdk, path):
    path.write_text("max_age = 0.5\n" + WIRING + PLACE)
    (link, _), dog = opened(path), Dog(sdk)
    half = np.pi / 4  # it heads along the world's y
    for period in range(3):
        place = sdk.idl.sport_mode_state()
        place.imu_state.quaternion = [0.0] * 4  # as unitree_mujoco leaves it
        place.position = [0.0, 0.03 * period, 0.3]
        place.velocity = [2.0, 0.0, 0.0]
        sdk.channel.deliver("rt/sportmodestate", place)
        dog.tick += 18
        state = dog.state()
        state.imu_state.quaternion = [np.cos(half), 0.0, 0.0, np.sin(half)]
        state.crc = LOW_STATE.checksum(state)
        dog.say(state)
    seen = link.read(0.0)
    assert seen is not None
    np.testing.assert_allclose(seen.values[-2:], [-2.0, 1.5], rtol=1e-5)
    assert dict(link.counters) == {"missing position of the period before": 1}
    time.sleep(0.55)
    dog.tick += 18
    dog.say(dog.state())
    assert link.read(0.0) is None
    assert link.counters["missing sportmodestate (too old)"] == 1
    link.close()


GAIT = """
gait = [[0.0], [0.1], [0.2], [0.3]]
[[observation]]
name = "gait_sin"
unit = "1"
topic = "gait"
field = "sin"
[[observation]]
name = "gait_cos"
unit = "1"
topic = "gait"
field = "cos"
"""


def test_a_gait_goes_on_with_the_robots_periods(sdk, path):
    head, tables = WIRING.replace("dt = 0.02", "dt = 20.0").split("[gains]")
    path.write_text(head + GAIT + "[gains]" + tables)
    (link, commands), dog = opened(path), Dog(sdk)
    phases = []
    for _ in range(6):
        dog.say(dog.state())
        dog.tick += 19_998
        seen = link.read(0.0)
        assert seen is not None
        phases.append((seen.sequence, *seen.values[:2].round(3)))
    assert phases == [(0, 0, 1), (1, 1, 0), (2, 0, -1), (3, -1, 0), (4, 0, 1), (5, 1, 0)]
    link.write(command(0, 0.5, valid_for_ns=60 * 10**9))  # in period 5, the second of its cycle
    assert commands.said[-1][11][0] == pytest.approx(-1.25 + 0.1)
    commands.keeper.repeat(time.monotonic_ns() + 20 * 10**9)
    assert commands.said[-1][11][0] == pytest.approx(-1.25 + 0.2)
    link.close()


def test_an_expired_command_damps(sdk, path):
    link, commands = opened(path)
    link.write(command(0, 0.5, valid_for_ns=60 * 10**9))
    commands.keeper.repeat(time.monotonic_ns())
    assert commands.said[-1][11] == (-1.25, 40.0, 1.0)
    commands.keeper.repeat(time.monotonic_ns() + 60 * 10**9)
    assert commands.said[-1][11] == (2.146e9, 0.0, 2.0)
    link.close()


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ("RL_calf_joint", "wheel_joint", "'calf': joint 'wheel_joint'; allowed: FR_hip_joint"),
        ("joint_high = -0.84\n", "", "joint_low, joint_high are not given"),
        ('field = "dq"', 'field = "velocity"', "'hip_speed'.*'velocity'.*q, dq, tau_est"),
        ('joint = "FL_hip"', 'joint = "FL_knee"', "'hip_speed': joint 'FL_knee'"),
        ('field = "up_y"', 'field = "forward_speed"', "lowstate, which knows no place"),
        ("damping = 2.0", "damping = 0", "damping is 0"),
        ("kp = 40.0", "kp = -1", "kp is -1"),
        ("kp = 40.0", "", "kp is missing"),
        ("[gains]", "[torque]", "gains: None; allowed: a table"),
        ('topic = "lowstate"', 'topic = "highstate"', "topic 'highstate'; allowed: lowstate"),
    ],
)
def test_a_wiring_that_makes_no_sense_is_refused(path, old, new, named):
    assert old in WIRING
    path.write_text(WIRING.replace(old, new, 1))
    with pytest.raises(DeployError, match=named):
        parse_unitree(f"unitree://eth0?config={path}")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("unitree://a b?config={}", "interface 'a b'"),
        ("unitree://eth0?config={}&domain=x", "domain=x"),
        ("unitree://eth0?config={}&domain=233", "domain=233"),
        ("unitree://eth0?config={}&service=kill", "service=kill; |service=kill in"),
    ],
)
def test_bad_text_is_refused_by_name(path, text, named):
    with pytest.raises(DeployError, match=named):
        parse_unitree(text.format(path))


def test_two_names_of_one_joint_are_found(path):
    path.write_text(
        WIRING
        + WIRING[WIRING.index("[[action]]") :]
        .replace('name = "calf"', 'name = "other"')
        .replace("RL_calf_joint", "RL_2")
    )
    with pytest.raises(DeployError, match="'other': joint 'RL_2' is that of 'calf'"):
        parse_unitree(f"unitree://eth0?config={path}")


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


def test_without_the_sdk_one_line_says_what_to_do(path):
    with pytest.raises(DeployError, match="unitree_sdk2_python") as caught:
        open_link(f"unitree://eth0?config={path}")
    assert "\n" not in str(caught.value)


def test_an_interface_that_is_not_there_is_an_error(sdk, path):
    with pytest.raises(DeployError, match="unitree://nowhere: channel factory init error"):
        open_link(f"unitree://nowhere?config={path}")


def test_two_networks_in_one_process_are_refused(sdk, path):
    library.start_dds("eth0", 0)
    library.start_dds("eth0", 0)
    assert sdk.channel.JOINED == [(0, "eth0")]
    with pytest.raises(DeployError, match="allowed in this process"):
        library.start_dds("lo", 1)


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


# The whole of it, with the keeper in its own process.


def test_a_robot_that_walks_by_itself_is_refused(sdk, path):
    sdk.switcher.ANSWER[:] = [0, {"form": "0", "name": "normal"}]
    with pytest.raises(DeployError, match="'normal' commands the motors"):
        open_link(f"unitree://eth0?config={path}")
    sdk.switcher.ANSWER[:] = [3104, None]
    with pytest.raises(DeployError, match=r"does not say .*code 3104"):
        open_link(f"unitree://eth0?config={path}")
    assert sdk.channel.SUBSCRIBERS == []


def test_a_command_reaches_the_motors_at_their_rate_and_damps_at_the_end(
    sdk, path, tmp_path, monkeypatch
):
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_ROBOT_LOG", str(log))
    dog = Dog(sdk)
    init = sdk.channel.ChannelSubscriber.Init

    def with_a_dog(self, handler, length):
        init(self, handler, length)
        dog.say(dog.state())

    monkeypatch.setattr(sdk.channel.ChannelSubscriber, "Init", with_a_dog)
    link = open_link(f"unitree://eth0?config={path}")
    assert link.read(0.0) is not None
    assert not log.exists()  # nothing is said before the first command
    link.write(command(0, 0.5, valid_for_ns=500_000_000))
    end = time.monotonic() + 5.0
    while time.monotonic() < end and all(motors[11][2] > 0 for motors in said(log)):
        time.sleep(0.05)
    link.close()
    motors = said(log)
    assert motors[0][11] == [-1.25, 0.0, 40.0, 1.0]
    held = [motor[11] for motor in motors if motor[11][2] > 0]
    assert len(held) >= 5  # repeated, though it was sent once
    assert motors[-1][11] == [2.146e9, 0.0, 0.0, 2.0]


def said(path):
    """What each motor was told, message by message."""
    text = path.read_text() if path.exists() else ""
    return [json.loads(line)[2] for line in text.splitlines() if line.endswith("]]]")]
