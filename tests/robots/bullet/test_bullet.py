"""The robots in PyBullet against the same robots in MuJoCo: bodies, channels, drives, faults."""

import subprocess
import sys

import mujoco
import numpy as np
import pytest

from robots import BatchSimulator, RobotError, Simulator, get_robot
from robots.plant import build_plant, compiled

pytest.importorskip("pybullet")

from robots.bullet import BulletSimulator
from robots.bullet.physics import BulletPhysics

ROBOTS = ("half-cheetah", "ant")
HIGH = {"half-cheetah": 2.0, "ant": 3.0}
"""Heights at which nothing touches the ground [m]."""


def in_the_air(name: str, fault: str = "none") -> tuple[BulletPhysics, mujoco.MjModel, np.ndarray]:
    """A robot that falls freely, joints inside their ranges; its physics, model and start."""
    robot = get_robot(name)
    nominal = compiled(robot, ())
    qpos = np.array(robot.initial_qpos)
    qpos[robot.height_index] = HIGH[name]
    limited = nominal.jnt_limited > 0
    qpos[nominal.jnt_qposadr[limited]] = nominal.jnt_range[limited].mean(1)
    members = [(m, np.zeros(3)) for m in Simulator(name, fault).perturbations.members]
    plant = build_plant(robot, members, np.zeros(3))
    physics = BulletPhysics(robot)
    physics.start(0, plant, qpos, np.zeros(nominal.nv))
    return physics, plant.model, qpos


def world(physics: BulletPhysics):
    return physics._worlds[0]


@pytest.mark.parametrize("name", ROBOTS)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_observations_agree_in_every_field(name, seed):
    """The same state, with its noise, measured in both: channels, signs, units, order."""
    here, there = BulletSimulator(name, "none", seed), Simulator(name, "none", seed)
    np.testing.assert_allclose(here.observation, there.observation, atol=1e-6)


@pytest.mark.parametrize("name", ROBOTS)
def test_a_state_is_read_back(name):
    physics, model, qpos = in_the_air(name)
    rng = np.random.default_rng(0)
    qvel = rng.normal(size=model.nv)
    if name == "ant":
        turn = rng.normal(size=4)
        qpos[3:7] = turn / np.linalg.norm(turn) * np.sign(turn[0])
    world(physics).write(qpos, qvel)
    position, velocity = physics.read()
    sign = np.sign(position[0, 3]) if name == "ant" else 1.0
    if name == "ant":
        position[0, 3:7] *= sign
    np.testing.assert_allclose(position[0], qpos, atol=1e-9)
    np.testing.assert_allclose(velocity[0], qvel, atol=1e-9)


@pytest.mark.parametrize("name", ROBOTS)
def test_masses_and_their_places_agree(name):
    physics, model, qpos = in_the_air(name)
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    mujoco.mj_kinematics(model, data)
    mujoco.mj_comPos(model, data)
    client, body = world(physics)._client, world(physics)._hinges.body
    found = [(client.getDynamicsInfo(body, -1)[0], client.getBasePositionAndOrientation(body)[0])]
    for link in range(client.getNumJoints(body)):
        state = client.getLinkState(body, link, computeForwardKinematics=1)
        found.append((client.getDynamicsInfo(body, link)[0], state[0]))
    heavy = [(mass, place) for mass, place in found if mass > 0]
    assert len(heavy) == model.nbody - 1
    np.testing.assert_allclose([m for m, _ in heavy], model.body_mass[1:], rtol=1e-6)
    np.testing.assert_allclose([p for _, p in heavy], data.xipos[1:], atol=1e-6)


@pytest.mark.parametrize("name", ROBOTS)
def test_it_falls_as_in_mujoco(name):
    """Springs unwind on the way, so what must agree is each degree of freedom's own speed."""
    physics, model, qpos = in_the_air(name)
    data = mujoco.MjData(model)
    data.qpos[:] = qpos
    for _ in range(10):
        physics.step(np.zeros((1, model.nu)), 1)
        mujoco.mj_step(model, data)
    np.testing.assert_allclose(physics.read()[1][0], data.qvel, atol=0.3)
    assert data.qvel[get_robot(name).height_index] < -0.8


@pytest.mark.parametrize("name", ROBOTS)
def test_every_motor_turns_its_own_joint_as_in_mujoco(name):
    """In the air, one motor at a time: same joint, same direction, about the same speed."""
    robot = get_robot(name)
    for action in range(robot.spec.action_size):
        physics, model, qpos = in_the_air(name)
        data = mujoco.MjData(model)
        data.qpos[:] = qpos
        ctrl = np.zeros(model.nu)
        ctrl[robot.actuator_ids(model)[action]] = robot.spec.action_high[action]
        data.ctrl[:] = ctrl
        rest = in_the_air(name)[0]  # springs move joints too
        still = mujoco.MjData(model)
        still.qpos[:] = qpos
        for _ in range(2):
            physics.step(ctrl[None], 1)
            rest.step(np.zeros((1, model.nu)), 1)
            mujoco.mj_step(model, data)
            mujoco.mj_step(model, still)
        dof = model.joint(robot.joints[action]).dofadr[0]
        here = physics.read()[1][0] - rest.read()[1][0]
        there = data.qvel - still.qvel
        assert here[dof] == pytest.approx(there[dof], rel=0.5), robot.joints[action]
        driven = [model.joint(joint).dofadr[0] for joint in robot.joints]
        assert int(np.abs(here[driven]).argmax()) == action


@pytest.mark.parametrize("name", ROBOTS)
def test_an_episode_is_the_same_each_time_and_in_company(name):
    seeds, faults = [3, 4], ["none", "actuator-gain:0.5@0.1s"]
    robot = get_robot(name)
    together = BatchSimulator(name, faults, seeds, physics=BulletPhysics(robot, 2))
    alone = [BulletSimulator(name, fault, seed) for fault, seed in zip(faults, seeds, strict=True)]
    rng = np.random.default_rng(0)
    for _ in range(6):
        actions = rng.uniform(robot.spec.action_low, robot.spec.action_high, (2, len(robot.joints)))
        outcome = together.step(actions)
        single = [simulator.step(action) for simulator, action in zip(alone, actions, strict=True)]
        np.testing.assert_array_equal(outcome.observation, [step.observation for step in single])


@pytest.mark.parametrize("name", ROBOTS)
@pytest.mark.parametrize("fault", ["crippled-joint:1", "actuator-gain:-1", "mass:2", "damping:3"])
def test_faults_act_in_the_air(name, fault):
    sound, model, _ = in_the_air(name)
    broken, _, _ = in_the_air(name, fault)
    ctrl = np.full((1, model.nu), 0.3)
    for _ in range(3):
        sound.step(ctrl, 1)
        broken.step(ctrl, 1)
    dof = model.joint(get_robot(name).joints[1]).dofadr[0]
    here, there = broken.read()[1][0], sound.read()[1][0]
    assert abs(here[dof] - there[dof]) > 1e-3


def test_a_slope_pulls_back_and_switches_while_it_runs():
    simulator = BulletSimulator("half-cheetah", "slope:30@0.5s", 0)
    speeds = [simulator.step(np.zeros(6)).observation[-1] for _ in range(40)]
    assert np.mean(speeds[20:]) < np.mean(speeds[5:10]) - 0.2


def test_a_reversed_motor_turns_the_other_way_from_its_onset_on():
    simulator = BulletSimulator("half-cheetah", "actuator-gain:0=-1@0.2s", 0)
    twin = BulletSimulator("half-cheetah", "none", 0)
    action = np.array([0.5, 0, 0, 0, 0, 0])
    for step in range(6):
        one, other = simulator.step(action), twin.step(action)
        same = np.array_equal(one.observation, other.observation)
        assert same == (step < 4)


def test_struck_legs_come_to_rest_in_any_posture():
    """What a collision does to a leg must not swing up the shafts between rotors and joints.

    With its legs drawn in, all hips together meet next to no inertia: only the torso turns.
    """
    physics, model, qpos = in_the_air("ant")
    rng = np.random.default_rng(0)
    drawn_in = np.array([-0.08, 1.18, 0.2, -1.22, -0.12, -1.22, -0.52, 1.22])
    for _ in range(20):
        qpos[7:] = drawn_in + rng.normal(0.0, 0.02, 8)
        world(physics).build(model)
        world(physics).write(qpos, np.zeros(model.nv))
        physics.step(np.zeros((1, model.nu)), 1)  # the rotors stand still
        still, speed = (state[0] for state in physics.read())
        speed[6:] += rng.choice([-1.0, 1.0], size=8)
        world(physics).write(still, speed)
        physics.step(np.zeros((1, model.nu)), 5)
        assert np.abs(physics.read()[1][0, 6:]).max() < 1.0


@pytest.mark.parametrize("fault", ["pier:5", "terrain:hill@2s", "contacts:0.01"])
def test_rows_of_robots_have_no_built_ground_either(fault):
    robot = get_robot("half-cheetah")

    def run() -> None:
        rows = BatchSimulator(robot, [fault], [0], physics=BulletPhysics(robot))
        for _ in range(50):
            rows.step(np.zeros((1, 6)))

    with pytest.raises(RobotError, match="not there in pybullet"):
        run()


@pytest.mark.parametrize("fault", ["pier:5", "terrain:hill@2s", "contacts:0.01"])
def test_grounds_that_are_not_there_are_refused(fault):
    with pytest.raises(RobotError, match=r"is not there in pybullet.*allowed"):
        BulletSimulator("half-cheetah", fault)


def test_without_pybullet_the_error_says_what_to_install():
    code = (
        "import sys; sys.modules['pybullet'] = None\n"
        "from robots.bullet import BulletSimulator\n"
        "try: BulletSimulator('ant')\n"
        "except ValueError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "install the extra `bullet`" in done.stdout


def test_it_prints_nothing():
    code = "from robots.bullet import BulletSimulator; BulletSimulator('half-cheetah')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
