"""What each perturbation changes, when, and that nothing of it is left afterwards."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest

from robots import Simulator, get_robot, parse_perturbation, robot_names
from robots.perturbations.schedule import first_step
from robots.plant import compiled, physics_steps

DT = 0.05
PLANT_KINDS = (
    "crippled-joint:4",
    "crippled-leg:LEG",
    "actuator-gain:0.3",
    "actuator-gain:3=-1,4=0.5",
    "mass:2",
    "payload:3",
    "damping:3",
    "slope:15",
    "friction:0.5",
    "contacts:0.005",
    "terrain:hill",
    "pier:10",
)


def text_for(kind: str, robot: str) -> str:
    return kind.replace("LEG", next(iter(get_robot(robot).spec.legs)))


def changed_fields(model: mujoco.MjModel, nominal: mujoco.MjModel) -> set[str]:
    """Numeric fields in which two models differ."""
    different = set()
    for name in dir(nominal):
        value = getattr(nominal, name, None)
        if isinstance(value, np.ndarray) and not np.array_equal(value, getattr(model, name)):
            different.add(name)
    for name in dir(nominal.opt):
        value = getattr(nominal.opt, name, None)
        if isinstance(value, np.ndarray) and not np.array_equal(value, getattr(model.opt, name)):
            different.add(f"opt.{name}")
    return different


def run(simulator: Simulator, steps: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    size = simulator.robot.spec.action_size
    return [simulator.step(rng.uniform(-1, 1, size)).observation for _ in range(steps)]


@pytest.mark.parametrize("robot", robot_names())
@pytest.mark.parametrize("kind", PLANT_KINDS)
def test_it_changes_the_plant_from_its_onset_to_its_end(robot: str, kind: str) -> None:
    nominal = compiled(get_robot(robot), ())
    reference = Simulator(robot, seed=1)
    simulator = Simulator(robot, f"{text_for(kind, robot)}@0.5s-1s", seed=1)
    before, expected = run(simulator, 10), run(reference, 10)
    np.testing.assert_array_equal(before, expected)  # step 10 ends at 0.5 s
    assert simulator.model is not nominal
    during, expected = run(simulator, 10, seed=1), run(reference, 10, seed=1)
    if not kind.startswith("terrain"):  # even where the robot still is
        assert (during[-1] != expected[-1]).any()
    assert simulator.model is nominal
    assert np.isfinite(run(simulator, 10, seed=2)).all()


@pytest.mark.parametrize("robot", robot_names())
def test_nominal_models_are_never_changed(robot: str) -> None:
    body = get_robot(robot)
    compiled.cache_clear()
    nominal = compiled(body, ())
    fresh = body.mj_spec().compile()
    simulator = Simulator(robot, "+".join(text_for(k, robot) for k in PLANT_KINDS[:-1]))
    run(simulator, 3)
    assert changed_fields(nominal, fresh) == set()


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("crippled-joint:4", {"actuator_gainprm", "geom_rgba"}),
        ("actuator-gain:0.3", {"actuator_gainprm"}),
        ("damping:3", {"dof_damping"}),
        ("slope:15", {"opt.gravity"}),
        ("friction:0.5", {"geom_friction"}),
    ],
)
@pytest.mark.parametrize("robot", robot_names())
def test_it_changes_nothing_else(robot: str, kind: str, fields: set[str]) -> None:
    simulator = Simulator(robot, kind)
    if simulator.robot.gait and "actuator_gainprm" in fields:
        fields = fields | {"actuator_biasprm"}  # a servo pulls towards its target by both
    assert changed_fields(simulator.model, compiled(simulator.robot, ())) == fields


@pytest.mark.parametrize("robot", robot_names())
def test_masses(robot: str) -> None:
    nominal = compiled(get_robot(robot), ())
    double = Simulator(robot, "mass:2").model
    np.testing.assert_allclose(double.body_mass, 2 * nominal.body_mass)
    np.testing.assert_allclose(double.body_inertia, 2 * nominal.body_inertia)
    loaded = Simulator(robot, "payload:1.5").model
    assert loaded.body_mass.sum() == pytest.approx(nominal.body_mass.sum() + 1.5)
    torso = get_robot(robot).torso
    assert loaded.body(torso).mass == nominal.body(torso).mass + 1.5
    assert loaded.body_subtreemass[0] == pytest.approx(loaded.body_mass.sum())


def test_reversed_motor_is_reversed() -> None:
    plain, turned = Simulator("ant", seed=0), Simulator("ant", "actuator-gain:3=-1", seed=0)
    action = np.zeros(8)
    action[3] = 0.7
    expected = plain.step(action).observation
    np.testing.assert_array_equal(turned.step(-action).observation, expected)


def test_crippled_leg_ignores_its_commands() -> None:
    one, other = (Simulator("half-cheetah", "crippled-leg:back", seed=0) for _ in range(2))
    quiet, loud = np.zeros(6), np.array([1.0, -1.0, 1.0, 0.0, 0.0, 0.0])
    one_step, other_step = one.step(quiet), other.step(loud)
    np.testing.assert_array_equal(one_step.observation, other_step.observation)
    assert one_step.reward != other_step.reward  # the effort is still paid for


def test_crippled_ant_leg_shrinks_and_recovers() -> None:
    nominal = compiled(get_robot("ant"), ())
    simulator = Simulator("ant", "crippled-leg:3@0.1s-0.2s")
    run(simulator, 2)
    upper, lower = (simulator.model.geom(n) for n in get_robot("ant").leg_geoms["3"])
    np.testing.assert_allclose(upper.size[0], 0.5 * nominal.geom(upper.name).size[0])
    np.testing.assert_allclose(lower.size[:2], 0.5 * nominal.geom(lower.name).size[:2])
    np.testing.assert_array_equal(simulator.model.body_mass, nominal.body_mass)
    dead = [nominal.joint(n).name for n in ("hip_4", "ankle_4")]
    ids = simulator.robot.actuator_ids(nominal)[[simulator.robot.joints.index(n) for n in dead]]
    assert set(np.flatnonzero(simulator.model.actuator_gainprm[:, 0] == 0.0)) == set(ids)
    run(simulator, 2)
    assert changed_fields(simulator.model, nominal) == set()


def test_uphill_slope_pulls_back() -> None:
    speeds = []
    for slope in (-15, 0, 15):
        simulator = Simulator("half-cheetah", f"slope:{slope}+friction:0.01", seed=0)
        for _ in range(40):
            simulator.step(np.zeros(6))
        speeds.append(simulator.position[0])
    assert speeds[0] > speeds[1] + 1.0 > speeds[2] + 2.0
    gravity = Simulator("ant", "slope:15").model.opt.gravity
    assert np.linalg.norm(gravity) == pytest.approx(9.81)


@pytest.mark.parametrize("robot", robot_names())
def test_harder_contacts_come_with_steps_that_bear_them(robot: str) -> None:
    body = get_robot(robot)
    own, hard = compiled(body, ()), Simulator(robot, "contacts:0.004").model
    fine = compiled(body, ("contacts",))
    assert changed_fields(hard, fine) <= {"geom_solref", "jnt_solref"}
    assert (hard.geom_solref == [0.004, 1.0]).all()
    assert (hard.jnt_solref == [0.004, 1.0]).all()
    assert 2 * hard.opt.timestep <= 0.004 + 1e-12
    steps = body.spec.dt / hard.opt.timestep
    assert steps == pytest.approx(round(steps))
    assert physics_steps(body, hard, body.substeps) == round(steps)
    assert physics_steps(body, own, body.substeps) == body.substeps


def test_a_foot_sinks_less_into_harder_ground() -> None:
    def depth(perturbation: str) -> float:
        simulator = Simulator("half-cheetah", perturbation, seed=0)
        for _ in range(60):  # at rest on the floor
            simulator.step(np.zeros(6))
        return -float(simulator.data.contact.dist.min())

    own, soft, hard = depth("none"), depth("contacts:0.02"), depth("contacts:0.004")
    assert soft == pytest.approx(own, rel=0.1)
    assert 0 < hard < 0.7 * soft


def test_they_compose_in_any_number() -> None:
    both = Simulator("ant", "mass:2+mass:1.5+damping:2").model
    nominal = compiled(get_robot("ant"), ())
    np.testing.assert_allclose(both.body_mass, 3 * nominal.body_mass)


def test_switching_one_leaves_the_others() -> None:
    simulator = Simulator("half-cheetah", "mass:2+damping:3@0.1s-0.2s")
    alone = Simulator("half-cheetah", "mass:2")
    run(simulator, 5)
    assert changed_fields(simulator.model, alone.model) == set()


@pytest.mark.parametrize(
    ("time", "step"),
    [(0.0, 0), (0.05, 1), (0.15, 3), (0.16, 4), (1.0, 20), (0.001, 1), (7.35, 147)],
)
def test_times_fall_on_control_steps(time: float, step: int) -> None:
    assert first_step(time, DT) == step


def test_onset_between_steps_waits_for_the_next() -> None:
    nominal = compiled(get_robot("ant"), ())
    simulator = Simulator("ant", "mass:2@0.12s-0.18s")
    perturbed = []
    for _ in range(6):
        perturbed.append(simulator.model is not nominal)  # during the step that begins now
        simulator.step(np.zeros(8))
    assert perturbed == [False, False, False, True, False, False]


def test_switch_steps() -> None:
    perturbations = parse_perturbation("mass:2+slope:5@0s-1s+damping:2@1s-1.5s", "ant")
    assert perturbations.switch_steps(DT) == (20, 30)
    assert perturbations.active(0, DT) == (0, 1)
    assert perturbations.active(20, DT) == (0, 2)
    assert perturbations.active(30, DT) == (0,)


def test_reset_starts_the_schedule_anew() -> None:
    simulator = Simulator("half-cheetah", "terrain:hill@0.2s", seed=3)
    first = [simulator.reset(seed=3), *run(simulator, 8)]
    second = [simulator.reset(seed=3), *run(simulator, 8)]
    np.testing.assert_array_equal(first, second)
