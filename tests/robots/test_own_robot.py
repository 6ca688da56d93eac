"""Robots that other people bring: checked against their models, and perturbed like ours."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from robots import BatchSimulator, RobotError, Simulator
from robots.gait import Gait
from tests.robots.own import own_robot


def test_what_fits_its_model_runs(tmp_path: Path) -> None:
    robot = own_robot(tmp_path)
    assert Simulator(robot).step([0.0]).observation.shape == (8,)
    assert BatchSimulator(robot, ["none"], [0], threads=1).step([[0.0]]).observation.shape == (1, 8)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"substeps": 5}, "dt: 0.02 s is not allowed; allowed: 0.01 s, 5 substeps of 0.002 s"),
        ({"joints": ("hipp",)}, "joints: 'hipp' is not allowed; allowed: slides and hinges: x, z"),
        ({"joints": ("hip", "x")}, "joints: 2 is not allowed; allowed: one for each of 1 actions"),
        ({"joints": ("x",)}, "model_file: actuator 'hip' on hip is not allowed"),
        ({"torso": "torsoo"}, "torso: 'torsoo' is not allowed; allowed: a body that moves: torso"),
        ({"torso": "world"}, "torso: 'world' is not allowed"),
        ({"initial_qpos": (0.0,) * 3}, "initial_qpos: 3 numbers is not allowed; allowed: 4"),
        ({"height_index": 4}, "height_index: 4 is not allowed; allowed: 0 to 3"),
        ({"leg_geoms": {"arm": ()}}, "leg_geoms: 'arm' is not allowed; allowed: legs: leg"),
        ({"leg_geoms": {"leg": ("shin",)}}, "leg_geoms['leg']: 'shin' is not allowed; allowed"),
        ({"gait": Gait(np.zeros((3, 2)))}, "gait: targets of shape (3, 2) is not allowed"),
        ({"position": lambda qpos: qpos}, "position: shape (1, 4) for one robot is not allowed"),
        (
            {"measure": lambda qpos, qvel, start, ground: qpos},
            "measure: shape (1, 4) for one robot is not allowed; allowed: (1, 8)",
        ),
        ({"model_file": Path("/no/such.xml")}, "model_file: /no/such.xml cannot be read"),
    ],
)
def test_what_does_not_fit_its_model_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    robot = own_robot(tmp_path, **changes)
    with pytest.raises(RobotError, match=re.escape(f"robot 'own': {message}")) as caught:
        Simulator(robot, "mass:2")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('name="floor"', 'name="ground"', "floor: no such geom is not allowed; allowed: plane"),
        ('type="plane"', 'type="box"', "floor: shape box is not allowed; allowed: plane"),
        (
            "</actuator>",
            '<motor name="more" joint="pitch"/></actuator>',
            "model_file: actuator 'more' on pitch is not allowed",
        ),
        (
            "</actuator>",
            '<motor name="more" joint="hip"/></actuator>',
            "model_file: 2 actuators on 'hip' is not allowed; allowed: one",
        ),
        ('<motor name="hip" joint="hip"/>', "", "model_file: 0 actuators on 'hip'"),
        ("</mujoco>", "", "cannot be read"),
    ],
)
def test_models_that_do_not_fit_are_refused(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    with pytest.raises(RobotError, match=re.escape(message)):
        Simulator(own_robot(tmp_path, (old, new)))


def test_legs_are_of_actions_that_are_there(tmp_path: Path) -> None:
    robot = own_robot(tmp_path)
    robot = replace(robot, spec=replace(robot.spec, legs={"leg": (0, 1)}))
    with pytest.raises(RobotError, match=r"legs\['leg'\]: \(0, 1\) is not allowed.*0 to 0"):
        Simulator(robot)


@pytest.mark.parametrize("ground", ["none", "terrain:basin", "pier:50"])
@pytest.mark.parametrize("bits", [(1, 0), (0, 1), (1, 1), (2, 0)])
def test_whatever_the_floor_carries_every_ground_carries(
    tmp_path: Path, ground: str, bits: tuple[int, int]
) -> None:
    robot = own_robot(
        tmp_path,
        ('contype="1" conaffinity="0"', f'contype="{bits[0]}" conaffinity="{bits[1]}"'),
        ('contype="1" conaffinity="1"', 'contype="1" conaffinity="3"'),
    )
    simulator = Simulator(robot, ground)
    for _ in range(100):
        simulator.step([0.0])
    assert simulator.position[2] > -0.3
    pieces = [
        geom for geom in range(simulator.model.ngeom) if simulator.model.geom_bodyid[geom] > 2
    ]
    touching = [set(pair) <= set(pieces) for pair in simulator.data.contact.geom.tolist()]
    assert touching
    assert not any(touching)


def test_mass_is_of_the_whole_robot_and_of_nothing_else(tmp_path: Path) -> None:
    """Its torso need not be the model's first body, nor the root of its tree."""
    robot = own_robot(
        tmp_path,
        ('<body name="torso">', '<body name="ball"><freejoint/><geom size="0.1"/></body>'
         '<body name="base">'),
        ('<body name="leg">', '<body name="torso"><geom size="0.1"/></body><body name="leg">'),
        initial_qpos=(0.0,) * 11,
        height_index=8,
        measure=lambda qpos, qvel, start, ground: qpos[:, :8],
    )  # fmt: skip
    nominal, heavy = Simulator(robot).model, Simulator(robot, "mass:2").model
    factors = {nominal.body(i).name: heavy.body_mass[i] / nominal.body_mass[i] for i in range(1, 5)}
    assert factors == {"ball": 1.0, "base": 2.0, "torso": 2.0, "leg": 2.0}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('name="shank"', 'name="shank" mass="1"'),
        (
            '<geom name="shank"',
            '<inertial pos="0.1 0 0" mass="1" diaginertia="0.1 0.2 0.2"/><geom name="shank"',
        ),
        (
            '<geom name="shank"',
            '<inertial pos="0.1 0 0" mass="1" fullinertia="0.1 0.2 0.2 0 0 0.01"/>'
            '<geom name="shank"',
        ),
    ],
)
@pytest.mark.filterwarnings("ignore:compiler attribute 'settotalmass'")
def test_a_total_mass_holds_whatever_the_parts_say(tmp_path: Path, old: str, new: str) -> None:
    told = ('<compiler angle="radian"/>', '<compiler angle="radian" settotalmass="20"/>')
    scaled = own_robot(tmp_path, told, (old, new))
    ours = Simulator(scaled).model
    theirs = Simulator(own_robot(tmp_path, (old, new))).model
    factor = 20 / theirs.body_mass.sum()
    np.testing.assert_allclose(ours.body_mass, factor * theirs.body_mass)
    np.testing.assert_allclose(ours.body_inertia, factor * theirs.body_inertia)
