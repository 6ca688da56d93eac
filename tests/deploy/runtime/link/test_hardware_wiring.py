"""Wiring files: what they mean, and what is refused by name."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.errors import DeployError
from deploy.runtime.link.hardware.text import parse_hardware
from deploy.runtime.link.hardware.wiring import Actuator, Sensor, load_toml, wiring_of

FILE = Path("wiring.toml")


def table(**changes):
    wiring = {
        "robot": "sled",
        "dt": 0.02,
        "observation": [
            {"name": "x", "unit": "m", "topic": "odom", "field": "x", "sign": -1, "offset": 2}
        ],
        "action": [
            {
                "name": "motor", "unit": "1", "joint": "wheel", "low": -1.0, "high": 1.0,
                "scale": 0.5, "offset": 0.1, "joint_low": -0.3, "joint_high": 0.5, "safe": 0.25,
            }
        ],
    }  # fmt: skip
    for path, value in changes.items():
        kind, _, key = path.partition("__")
        target = wiring if not key else wiring[kind][0]
        target[key or kind] = value
        if value is None:
            del target[key or kind]
    return wiring


def test_it_declares_channels_in_the_units_of_their_names():
    wiring = wiring_of(table(), FILE, ["odom"])
    channels = wiring.channels
    assert (channels.robot, channels.dt, channels.simulated) == ("sled", 0.02, False)
    assert channels.safe_action == (0.25,)
    assert channels.observation[0].sign == 1  # applied here
    assert wiring.observation[0].value(0.5) == 1.5
    assert (channels.action[0].low, channels.action[0].high) == (-1.0, 1.0)


@pytest.mark.parametrize(
    ("value", "target"),
    [(0.0, 0.1), (0.5, 0.35), (1.0, 0.5), (9.0, 0.5), (-0.5, -0.15), (-1.0, -0.3)],
)
def test_what_is_sent_stays_within_both_limits(value, target):
    wiring = wiring_of(table(), FILE, ["odom"])
    assert wiring.targets(np.array([value]))[0] == pytest.approx(target)


def test_a_gait_is_added_and_comes_round():
    wiring = wiring_of(table(gait=[[0.0], [0.05], [9.0]]), FILE, ["odom"])
    targets = [wiring.targets(np.array([0.2]), period)[0] for period in (0, 1, 2, 3, 7)]
    assert targets == pytest.approx([0.2, 0.25, 0.5, 0.2, 0.25])


@given(value=st.floats(-1e6, 1e6), sign=st.sampled_from([-1, 1]), scale=st.floats(0.01, 100))
def test_no_joint_ever_leaves_its_range(value, sign, scale):
    actuator = Actuator("a", "1", "j", -1, 1, sign, scale, 0.2, joint_low=-0.7, joint_high=0.4)
    assert -0.7 <= actuator.target(value) <= 0.4


def test_sensor_and_actuator_of_one_joint_agree():
    sensor = Sensor("angle", "rad", "t", "f", "j", sign=-1, scale=2.0, offset=0.5)
    actuator = Actuator("a", "rad", "j", -9, 9, sign=-1, scale=0.5, offset=0.25)
    assert sensor.value(actuator.target(1.25)) == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"dt": 0}, "dt is 0"),
        ({"dt": "fast"}, "dt: 'fast'; allowed: a number"),
        ({"dt": None}, "dt is missing"),
        ({"colour": 1}, "'colour'"),
        ({"max_age": -1}, "max_age"),
        ({"stamp": "wall"}, "stamp is 'wall'; allowed: message, arrival"),
        ({"observation": None}, r"no \[\[observation\]\]"),
        ({"action": []}, r"no \[\[action\]\]"),
        ({"observation": ["x"]}, "observation 0: 'x'; allowed: a table"),
        ({"observation__topic": "imu"}, "'x': topic 'imu'; allowed: odom"),
        ({"observation__sign": 2}, "'x': sign is 2"),
        ({"observation__sign": 1.0}, "sign: 1.0; allowed: an integer"),
        ({"observation__scale": -1.0}, "'x': scale is -1"),
        ({"observation__scale": math.nan}, "nan"),
        ({"observation__scale": True}, "scale: True"),
        ({"observation__offset": math.inf}, "'x': offset is inf"),
        ({"observation__low": 5.0, "observation__high": 4.0}, "low below high"),
        ({"observation__unit": None}, "unit is missing"),
        ({"observation__colour": 1}, "'colour'"),
        ({"gait": [[0.1], [0.2, 0.3]]}, r"gait: row 1 is \[0.2, 0.3\]; allowed: 1 finite numbers"),
        ({"gait": [[math.inf]]}, "gait: row 0"),
        ({"gait": [["a"]]}, "gait: 0: 0: 'a'; allowed: a number"),
        ({"gait": 1.0}, "gait: 1.0; allowed: a list"),
        ({"observation__topic": "gait"}, "topic 'gait'; allowed: odom"),
        (
            {"gait": [[0.1]], "observation__topic": "gait"},
            "'x': field 'x' of the gait; allowed: sin, cos",
        ),
        ({"action__high": math.inf}, "finite limits"),
        ({"action__safe": 3.0}, "safe is 3; allowed: -1 to 1"),
        ({"action__joint_low": 1.0}, "joint_low below joint_high"),
    ],
)
def test_what_is_wrong_is_refused_by_name(changes, named):
    with pytest.raises(DeployError, match=named) as caught:
        wiring_of(table(**changes), FILE, ["odom"])
    assert "\n" not in str(caught.value)


def test_names_and_joints_are_there_once():
    twice = table()
    twice["observation"] *= 2
    with pytest.raises(DeployError, match="'x' is there twice"):
        wiring_of(twice, FILE, ["odom"])
    shared = table()
    shared["action"].append({**shared["action"][0], "name": "other"})
    with pytest.raises(DeployError, match="joint 'wheel' has two channels"):
        wiring_of(shared, FILE, ["odom"])


def test_a_file_that_cannot_be_read_says_why(tmp_path):
    with pytest.raises(DeployError, match="No such file"):
        load_toml(tmp_path / "none.toml")
    broken = tmp_path / "broken.toml"
    broken.write_bytes(b"dt = \xff")
    with pytest.raises(DeployError, match=r"broken\.toml"):
        load_toml(broken)
    broken.write_text("dt = = 1")
    with pytest.raises(DeployError, match=r"broken\.toml"):
        load_toml(broken)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("ros2://a", "names no wiring"),
        ("ros2://a?config=f&colour=red", "'colour'"),
        ("ros2://a?config=f&config=g", "twice"),
        ("ros2://a?config", "name=value"),
    ],
)
def test_bad_text_is_refused_by_name(text, named):
    with pytest.raises(DeployError, match=named):
        parse_hardware(text, ("imu",))


def test_text_is_taken_apart():
    named = parse_hardware("ros2://fleet/a?config=dir/f.toml&imu=/imu/data", ("imu", "off"))
    assert (named.where, named.config) == ("fleet/a", Path("dir/f.toml"))
    assert named.options == {"imu": "/imu/data"}
    assert named.one_of("off", "no", "yes") == "no"
    with pytest.raises(DeployError, match=r"imu=/imu/data .*allowed: x, y"):
        named.one_of("imu", "x", "y")
