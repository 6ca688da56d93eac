"""What acts on joints in PyBullet: stable at the ends of what is allowed, refused beyond."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from robots import RobotError, Simulator
from tests.robots.own import own_robot

pytest.importorskip("pybullet")

from robots.bullet import BulletSimulator


@pytest.mark.parametrize(
    ("robot", "fault"),
    [
        ("half-cheetah", "mass:5"),
        ("half-cheetah", "mass:10"),
        ("half-cheetah", "damping:60"),
        ("half-cheetah", "damping:100"),
        ("half-cheetah", "mass:0.1+damping:30"),
        ("half-cheetah", "mass:0.1+damping:100"),
        ("half-cheetah", "mass:10+damping:100"),
        ("half-cheetah", "mass:0.1"),
        ("half-cheetah", "damping:0"),
        ("ant", "mass:0.1+damping:100"),
        ("ant", "mass:10"),
        ("a1", "mass:0.1+damping:100"),
        ("a1", "mass:10"),
    ],
)
def test_nothing_throws_a_robot_without_commands(robot: str, fault: str) -> None:
    simulator = BulletSimulator(robot, fault, 1)
    spec = simulator.robot.spec
    start = simulator.position[2]
    joints = [i for i, name in enumerate(spec.observation_names) if name.endswith("_velocity")]
    for _ in range(8):
        truth = simulator.step(np.zeros(spec.action_size)).observation
        assert np.isfinite(truth).all()
        assert simulator.position[2] < start + 0.2
        assert np.abs(truth[joints]).max() < 80.0  # thrown, they reach 100


@pytest.mark.parametrize("armature", [0.0, 0.1, 0.002, 0.0002])
def test_a_rotor_however_light_turns_its_joint_as_in_mujoco(
    tmp_path: Path, armature: float
) -> None:
    robot = own_robot(
        tmp_path, ('damping="1"', f'damping="1" armature="{armature}"'),
        initial_qpos=(0.0, 5.0, 0.0, 0.0),
    )  # fmt: skip
    here, there = BulletSimulator(robot), Simulator(robot)
    for _ in range(10):
        one, other = here.step([0.5]), there.step([0.5])
    np.testing.assert_allclose(one.observation[6:], other.observation[6:], rtol=0.02)


def test_a_reference_angle_is_the_same_in_both(tmp_path: Path) -> None:
    """`ref` says what qpos is in the pose of the model: here the ball lies where it is drawn."""
    robot = own_robot(
        tmp_path,
        ('<body name="torso">', '<body name="torso" pos="0 0 0.5">'),
        ('axis="0 0 1"/>', 'axis="0 0 1" ref="0.5"/>'),
        ('axis="0 1 0" damping="1"/>', 'axis="0 1 0" damping="1" ref="0.3" stiffness="5"/>'),
    )
    here, there = BulletSimulator(robot), Simulator(robot)
    np.testing.assert_allclose(here.observation, there.observation, atol=1e-9)
    for _ in range(50):
        one, other = here.step([0.0]), there.step([0.0])
    np.testing.assert_allclose(one.observation[[1, 3]], other.observation[[1, 3]], atol=0.05)


def test_commands_stay_in_their_actuators_range(tmp_path: Path) -> None:
    limited = own_robot(
        tmp_path, ('joint="hip"/>', 'joint="hip" ctrllimited="true" ctrlrange="-0.2 0.2"/>'),
        initial_qpos=(0.0, 5.0, 0.0, 0.0),
    )  # fmt: skip
    one, other = BulletSimulator(limited), BulletSimulator(limited)
    np.testing.assert_array_equal(one.step([1.0]).observation, other.step([0.2]).observation)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('damping="1"', 'frictionloss="0.9"', "joint 'hip': its frictionloss is not there"),
        ('damping="1"', 'damping="1 2"', "joint 'hip': its damping polynomial is not there"),
        ('damping="1"', 'actuatorfrcrange="-1 1"', "joint 'hip': its actuatorfrcrange is not"),
        (
            "<actuator>",
            '<tendon><fixed name="string"><joint joint="hip" coef="1"/></fixed></tendon><actuator>',
            "tendon 'string': its pull is not there",
        ),
        (
            "<actuator>",
            '<equality><joint name="tie" joint1="hip" joint2="pitch"/></equality><actuator>',
            "equality 'tie': its constraint is not there",
        ),
        (
            '<motor name="hip" joint="hip"/>',
            '<general name="hip" joint="hip" dyntype="filter" dynprm="0.1"/>',
            "actuator 'hip': its dynamics is not there",
        ),
        (
            '<motor name="hip" joint="hip"/>',
            '<damper name="hip" joint="hip" kv="1" ctrlrange="0 1"/>',
            "actuator 'hip': its kind of gain is not there",
        ),
        (
            '<motor name="hip" joint="hip"/>',
            '<position name="hip" joint="hip" kp="1e7"/>',
            "joint 'hip': stiffness 1e.07 with damping 1 is not allowed; allowed: what pybullet",
        ),
        (
            'damping="1"/>',
            'armature="0.01" stiffness="1e5"/>',
            "joint 'hip': stiffness 1e.05 with damping 0 is not allowed",
        ),
    ],
)
def test_what_would_be_lost_or_blow_up_is_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    robot = own_robot(tmp_path, (old, new))
    Simulator(robot)
    with pytest.raises(RobotError, match=message):
        BulletSimulator(robot)
