"""The A1's model: the numbers of its description, mirrored sides, servos with a torque limit."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
import pytest

from robots import Simulator, get_robot
from robots.a1 import constants
from robots.plant import compiled

A1 = get_robot("a1")
PARTS = {"hip": "hip", "thigh": "upper", "calf": "lower"}  # our names, and the description's
ZERO = np.zeros(12)


@pytest.fixture(scope="module")
def description() -> ElementTree.Element:
    """The URDF that the numbers were taken from, where PyBullet is installed."""
    package = pytest.importorskip("pybullet_data")
    return ElementTree.parse(Path(package.getDataPath()) / "a1" / "a1.urdf").getroot()


def numbers(element: ElementTree.Element | None, attribute: str) -> list[float]:
    return [0.0] * 3 if element is None else [float(x) for x in element.attrib[attribute].split()]


def test_masses_sum_to_the_description() -> None:
    masses = 4.713 + 0.001 + 4 * (0.696 + 0.001 + 1.013 + 0.166 + 0.06)
    assert compiled(A1, ()).body_mass.sum() == pytest.approx(masses, abs=1e-9)
    assert masses == pytest.approx(12.458)


def test_bodies_and_joints_are_those_of_the_description(description: ElementTree.Element) -> None:
    model: Any = compiled(A1, ())
    links = {link.attrib["name"]: link for link in description.findall("link")}
    joints = {joint.attrib["name"]: joint for joint in description.findall("joint")}
    total = sum(float(mass.attrib["value"]) for mass in description.iter("mass"))
    assert model.body_mass.sum() == pytest.approx(total, abs=1e-9)
    for leg in constants.LEGS:
        for part, theirs in PARTS.items():
            body, joint = model.body(f"{leg}_{part}"), model.joint(f"{leg}_{part}")
            said = joints[f"{leg}_{theirs}_joint"]
            limit = said.find("limit")
            assert limit is not None
            np.testing.assert_allclose(body.pos, numbers(said.find("origin"), "xyz"))
            np.testing.assert_allclose(joint.axis, numbers(said.find("axis"), "xyz"))
            expected = [float(limit.attrib[end]) for end in ("lower", "upper")]
            np.testing.assert_allclose(joint.range, expected)
            inertial = links[f"{leg}_{theirs}"].find("inertial")
            assert inertial is not None
            np.testing.assert_allclose(body.ipos, numbers(inertial.find("origin"), "xyz"))
            np.testing.assert_allclose(inertia_of(body), said_inertia(inertial), atol=2e-8)


def inertia_of(body: Any) -> np.ndarray:
    """In the frame of the body [3, 3]."""
    rotation = np.zeros(9)
    mujoco.mju_quat2Mat(rotation, body.iquat)
    axes = rotation.reshape(3, 3)
    return axes @ np.diag(body.inertia) @ axes.T


def said_inertia(inertial: ElementTree.Element) -> np.ndarray:
    element = inertial.find("inertia")
    assert element is not None
    xx, xy, xz, yy, yz, zz = (
        float(element.attrib[f"i{axes}"]) for axes in ("xx", "xy", "xz", "yy", "yz", "zz")
    )
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


@pytest.mark.parametrize("pair", [("FL", "FR"), ("RL", "RR")])
def test_right_mirrors_left(pair: tuple[str, str]) -> None:
    model: Any = compiled(A1, ())
    mirror = np.array([1.0, -1.0, 1.0])
    for part in (*PARTS, "foot"):
        left, right = (model.body(f"{leg}_{part}") for leg in pair)
        np.testing.assert_allclose(left.pos, mirror * right.pos)
        np.testing.assert_allclose(left.ipos, mirror * right.ipos)
        assert left.mass == right.mass
        flipped = np.outer(mirror, mirror) * inertia_of(right)
        np.testing.assert_allclose(inertia_of(left), flipped, atol=1e-10)


def test_mirrored_joints_put_the_feet_at_mirrored_places() -> None:
    """Hips turn about the same axis on both sides, so theirs change sign."""
    model: Any = compiled(A1, ())
    data: Any = mujoco.MjData(model)
    data.qpos[:] = A1.initial_qpos
    left, right = (0.2, 0.9, -1.5), (-0.2, 0.9, -1.5)
    for leg, angles in (("FL", left), ("FR", right), ("RL", left), ("RR", right)):
        for part, angle in zip(PARTS, angles, strict=True):
            data.joint(f"{leg}_{part}").qpos[0] = angle
    mujoco.mj_kinematics(model, data)
    for one, other in (("FL", "FR"), ("RL", "RR")):
        mirrored = data.geom(f"{other}_foot").xpos * [1, -1, 1]
        np.testing.assert_allclose(data.geom(f"{one}_foot").xpos, mirrored, atol=1e-12)


def test_order_of_legs_and_joints() -> None:
    names = A1.spec.action_names
    assert names[:4] == ("FR_hip", "FR_thigh", "FR_calf", "FL_hip")
    assert [[names[i] for i in A1.spec.legs[leg]] for leg in ("RR", "RL")] == [
        ["RR_hip", "RR_thigh", "RR_calf"],
        ["RL_hip", "RL_thigh", "RL_calf"],
    ]
    # Where they are: front ahead, left at +y.
    model: Any = compiled(A1, ())
    for leg in constants.LEGS:
        x, y, _ = model.body(f"{leg}_hip").pos
        assert (x > 0) == (leg[0] == "F")
        assert (y > 0) == (leg[1] == "L")


def servo_torques(simulator: Simulator) -> tuple[np.ndarray, np.ndarray]:
    """What the motors do in the simulator's present state, and the servo's law."""
    model, data = simulator.model, simulator.data
    mujoco.mj_forward(model, data)
    wanted = constants.KP * (data.ctrl - data.qpos[7:]) - constants.KD * data.qvel[6:]
    return data.actuator_force.copy(), wanted


def test_motors_are_servos_within_their_torque() -> None:
    simulator = Simulator("a1", seed=0)
    rng = np.random.default_rng(0)
    largest = 0.0
    for step in range(60):
        action = rng.uniform(A1.spec.action_low, A1.spec.action_high)
        simulator.step(action)
        expected = A1.commands(simulator.clip(action), step)
        np.testing.assert_allclose(simulator.data.ctrl, expected, rtol=0, atol=0)
        # Far off its targets, where the limit matters.
        simulator.data.qvel[6:] *= 20.0
        torques, wanted = servo_torques(simulator)
        simulator.data.qvel[6:] /= 20.0
        limit = constants.TORQUE_LIMIT
        np.testing.assert_allclose(torques, np.clip(wanted, -limit, limit), atol=1e-9)
        largest = max(largest, float(np.abs(wanted).max()))
    assert largest > constants.TORQUE_LIMIT  # or the limit was not tried


def test_dead_joints_have_no_torque() -> None:
    simulator = Simulator("a1", "crippled-leg:RL@0.2s", seed=0)
    for _ in range(3):
        simulator.step(ZERO)
    assert np.abs(servo_torques(simulator)[0]).min() > 0.0
    for _ in range(10):
        simulator.step(ZERO)
        torques, _ = servo_torques(simulator)
        np.testing.assert_array_equal(torques[9:], 0.0)
        assert np.abs(torques[:9]).min() > 0.0


def test_a_weak_motor_gives_a_share_of_its_torque() -> None:
    sound, weak = Simulator("a1", seed=0), Simulator("a1", "actuator-gain:1=0.5", seed=0)
    weak.data.ctrl[:] = sound.data.ctrl[:] = A1.initial_qpos[7:]
    full, part = servo_torques(sound)[0], servo_torques(weak)[0]
    assert part[1] == pytest.approx(0.5 * full[1])
    np.testing.assert_array_equal(np.delete(part, 1), np.delete(full, 1))
