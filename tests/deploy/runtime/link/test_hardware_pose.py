"""Up vectors, angles and speeds, against rotation matrices and hand-made cases."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.runtime.link.hardware.pose import (
    ATTITUDE,
    MissingError,
    Pose,
    attitude,
    motion,
    to_world,
)


def about(axis, angle):
    """The quaternion (w, x, y, z) of a turn about a coordinate axis."""
    parts = [math.cos(angle / 2), 0.0, 0.0, 0.0]
    parts[1 + "xyz".index(axis)] = math.sin(angle / 2)
    w, x, y, z = parts
    return w, x, y, z


def turn(axis, angle):
    """The rotation matrix of the same turn, written down by itself."""
    c, s = math.cos(angle), math.sin(angle)
    return {
        "x": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis]


def product(a, b):
    w, x, y, z = a
    p, q, r, s = b
    return (
        w * p - x * q - y * r - z * s, w * q + x * p + y * s - z * r,
        w * r - x * s + y * p + z * q, w * s + x * r - y * q + z * p,
    )  # fmt: skip


angles = st.floats(-3.1, 3.1)


@given(yaw=angles, pitch=st.floats(-1.5, 1.5), roll=angles)
def test_angles_and_up_vector_are_those_of_the_rotation(yaw, pitch, roll):
    pose = Pose(product(product(about("z", yaw), about("y", pitch)), about("x", roll)))
    rotation = turn("z", yaw) @ turn("y", pitch) @ turn("x", roll)
    got = {name: attitude(name, pose) for name in ATTITUDE}
    np.testing.assert_allclose([got["up_x"], got["up_y"], got["up_z"]], rotation[2], atol=1e-9)
    for name, angle in (("yaw", yaw), ("pitch", pitch), ("roll", roll)):
        assert math.remainder(got[name] - angle, 2 * math.pi) == pytest.approx(0, abs=1e-6)
    np.testing.assert_allclose(to_world(pose, (0.3, -2.0, 1.0)), rotation @ (0.3, -2.0, 1.0))


@given(angles)
def test_a_planar_pitch_goes_all_the_way_round(angle):
    assert attitude("planar_pitch", Pose(about("y", angle))) == pytest.approx(angle, abs=1e-9)


def test_a_nose_that_points_down_is_a_positive_pitch():
    down = Pose(about("y", 0.5))
    assert attitude("pitch", down) == pytest.approx(0.5)
    assert to_world(down, (1.0, 0.0, 0.0))[2] < 0


@pytest.mark.parametrize(
    "orientation", [None, (0.0, 0.0, 0.0, 0.0), (math.nan, 0.0, 0.0, 1.0), (1.0, 1.0, 0.0, 0.0)]
)
def test_what_is_no_rotation_is_missing(orientation):
    with pytest.raises(MissingError, match="orientation"):
        attitude("up_z", Pose(orientation))


def test_speeds_are_along_the_heading_at_the_beginning():
    before = Pose(about("z", math.pi / 2), (1.0, 1.0, 0.3))
    now = Pose(about("z", 0.0), (1.2, 2.0, 0.3))  # it turned since: of no account
    expected = {"speed_x": 2.0, "speed_y": 10.0, "forward_speed": 10.0, "lateral_speed": -2.0}
    for name, speed in expected.items():
        assert motion(name, before, now, 0.1) == pytest.approx(speed)
    with pytest.raises(MissingError, match="position"):
        motion("speed_x", Pose(about("z", 0.0)), now, 0.1)
