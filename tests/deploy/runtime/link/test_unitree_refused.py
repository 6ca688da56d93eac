"""A wiring, an address or a network for Unitree that makes no sense is refused by name."""

from __future__ import annotations

import pytest

from deploy.errors import DeployError
from deploy.runtime.link import open_link
from deploy.runtime.link.unitree import library
from deploy.runtime.link.unitree.config import parse_unitree
from tests.deploy.runtime.link.dog import WIRING


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
