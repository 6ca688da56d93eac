"""Terrain and pier: ground that is laid under and ahead of the robot."""

from __future__ import annotations

import numpy as np
import pytest

from robots import Simulator, robot_names
from robots.perturbations.base import Place
from robots.perturbations.conveyor import conveyor_slots
from robots.perturbations.terrain import Relief, Terrain
from robots.plant import lowest_point

SHAPES = ("basin", "hill", "gentle", "steep", "random-5")


def settle(simulator: Simulator, steps: int = 60) -> list[float]:
    """Height above the ground while the motors do nothing [m]."""
    heights = []
    for _ in range(steps):
        simulator.step(np.zeros(simulator.robot.spec.action_size))
        heights.append(float(simulator.true_observation[0]))
    return heights


def carry(simulator: Simulator, x: float, lift: float) -> None:
    """Put the robot down elsewhere."""
    index = simulator.robot.height_index
    ground = float(simulator.ground_height(x) - simulator.ground_height(simulator.position[0]))
    simulator.data.qpos[0] = x
    simulator.data.qpos[index] += ground + lift
    simulator.data.qvel[:] = 0.0
    simulator._episodes._qpos[0] = simulator.data.qpos[: simulator._episodes._qpos.shape[1]]


def test_conveyor_moves_only_what_left_the_window() -> None:
    before, after = conveyor_slots(-3, 8), conveyor_slots(-1, 8)
    assert sorted(before) == list(range(-3, 5))
    assert sorted(after) == list(range(-1, 7))
    assert (before != after).sum() == 2


@pytest.mark.parametrize("shape", SHAPES)
def test_relief_is_continuous_and_even_under_the_robot(shape: str) -> None:
    at = np.array([10.0, 0.0, 0.5])
    relief = Terrain(shape=shape).ground(Place(at, at))
    x = np.linspace(-20.0, 300.0, 64001)
    heights = relief.height(x)
    assert np.abs(np.diff(heights)).max() < 0.31 * (x[1] - x[0])
    assert (heights[x <= 12.0] == 0.0).all()
    assert np.abs(heights).max() > 0.3
    np.testing.assert_array_equal(heights[::999], [relief.height(v) for v in x[::999]])


def test_relief_shapes() -> None:
    at = np.zeros(3)
    ground = {shape: Terrain(shape=shape).ground(Place(at, at)) for shape in SHAPES}
    assert ground["basin"].height(5.0) == pytest.approx(-0.55)
    assert ground["basin"].height(8.0) == pytest.approx(0.0, abs=1e-12)
    assert ground["hill"].height(5.0) == pytest.approx(0.6)
    assert ground["hill"].height(9.0 * 30 + 5.0) == pytest.approx(0.6)
    assert ground["gentle"].height(20.0) == pytest.approx(1.0)
    assert ground["steep"].height(20.0) == pytest.approx(4.0)
    assert ground["random-5"] == Terrain(shape="random-5").ground(Place(at, at))
    assert ground["random-5"] != Terrain(shape="random-6").ground(Place(at, at))


@pytest.mark.parametrize("robot", robot_names())
def test_even_terrain_is_like_the_floor(robot: str) -> None:
    """Under the robot the ground is even, and slabs touch as the plane does."""
    floor, terrain = Simulator(robot, seed=0), Simulator(robot, "terrain:steep", seed=0)
    assert settle(terrain, 100)[-1] == pytest.approx(settle(floor, 100)[-1], abs=2e-3)


@pytest.mark.parametrize("robot", robot_names())
@pytest.mark.parametrize("shape", SHAPES)
def test_robot_stands_on_the_ground_that_is_said_to_be_there(robot: str, shape: str) -> None:
    simulator = Simulator(robot, f"terrain:{shape}+friction:3", seed=0)
    level = settle(simulator)[-1]
    for x in (6.5, 9.6, 31.0, 200.0, 400.0):
        carry(simulator, x, lift=0.3)
        simulator.step(np.zeros(simulator.robot.spec.action_size))  # brings the slabs
        heights = settle(simulator)
        assert abs(heights[-1] - level) < 0.25
        contacts = simulator.data.contact
        assert len(contacts)
        assert contacts.dist.min() > -0.05


@pytest.mark.parametrize("robot", robot_names())
def test_only_the_deck_is_touched(robot: str) -> None:
    simulator = Simulator(robot, "pier:20", seed=0)
    rng = np.random.default_rng(0)
    for _ in range(40):
        simulator.step(rng.uniform(-1, 1, simulator.robot.spec.action_size))
        for contact in simulator.data.contact:
            bodies = {simulator.model.geom_bodyid[g] for g in contact.geom}
            names = [simulator.model.body(b).name.startswith("pier_") for b in bodies]
            assert sorted(names) == [False, True]


@pytest.mark.parametrize("robot", robot_names())
@pytest.mark.parametrize("damping", [0, 10, 100])
def test_deck_sinks_and_carries(robot: str, damping: int) -> None:
    floor, pier = Simulator(robot, seed=0), Simulator(robot, f"pier:{damping}", seed=0)
    settle(floor)
    heights = settle(pier, 100)
    blocks = pier.data.qpos[floor.model.nq :]
    assert -0.4 < blocks.min() < -0.03  # sinks visibly
    least = {"half-cheetah": 0.1, "ant": 0.1, "a1": -0.15}  # the A1 is low, and on one block
    assert min(heights) > least[robot]  # and does not fall through
    assert np.isfinite(pier.data.qpos).all()


def test_damping_decides_how_the_deck_answers() -> None:
    swings = []
    for damping in (0, 30, 300):
        simulator = Simulator("half-cheetah", f"pier:{damping}", seed=0)
        swings.append(np.std(settle(simulator, 40)[20:]))
    assert swings[0] > 2 * swings[1] > 4 * swings[2]


@pytest.mark.parametrize("kind", ["pier:10", "terrain:random-1"])
@pytest.mark.parametrize("robot", robot_names())
@pytest.mark.parametrize("direction", [-1.0, 1.0])
def test_ground_goes_on_wherever_the_robot_goes(robot: str, kind: str, direction: float) -> None:
    simulator = Simulator(robot, f"{kind}@0.5s", seed=0)
    settle(simulator, 40)
    for stop in range(1, 60):
        carry(simulator, direction * 1.5 * stop, lift=0.1)
        heights = settle(simulator, 3)
        assert heights[-1] > 0.1, stop
    settle(simulator, 20)
    assert lowest_point(simulator.robot, simulator._episodes._qpos[0]) > (
        float(simulator.ground_height(simulator.position[0])) - 0.6
    )
    assert len(simulator.data.contact)


@pytest.mark.parametrize("kind", ["pier:10", "terrain:basin", "terrain:steep"])
@pytest.mark.parametrize("robot", robot_names())
def test_floor_comes_back_under_the_feet(robot: str, kind: str) -> None:
    simulator = Simulator(robot, f"{kind}@0.5s-3s", seed=0)
    settle(simulator, 40)
    carry(simulator, 4.5, lift=0.1)
    heights = settle(simulator, 40)  # 4 s
    assert simulator.layout == ()
    assert simulator.ground_height(4.5) == 0.0
    assert lowest_point(simulator.robot, simulator.data.qpos) > -0.05
    assert np.abs(simulator.data.qvel).max() < 5.0  # was not thrown out of the ground
    assert max(heights) < 1.0


@pytest.mark.parametrize("robot", robot_names())
@pytest.mark.parametrize(
    "kinds", ["terrain:hill@0.5s-3s+terrain:basin@3s", "pier:10@0.5s-3s+pier:5@3s"]
)
def test_one_ground_gives_way_to_another_of_its_kind(robot: str, kinds: str) -> None:
    simulator = Simulator(robot, kinds, seed=0)
    settle(simulator, 40)
    carry(simulator, 4.5, lift=0.1)
    settle(simulator, 20)  # 3 s
    assert simulator.ground_height(simulator.position[0]) == 0.0
    assert -1e-9 < lowest_point(simulator.robot, simulator._episodes._qpos[0]) < 0.1
    settle(simulator, 40)
    assert np.abs(simulator.data.qvel).max() < 5.0
    assert len(simulator.data.contact)


def test_other_switches_leave_the_deck_as_it_is() -> None:
    """A perturbation that comes while the robot is on the deck does not shake it."""
    simulator = Simulator("half-cheetah", "pier:10+damping:1.5@2s", seed=0)
    settle(simulator, 20)
    carry(simulator, 7.3, lift=0.0)
    settle(simulator, 19)
    before = simulator.data.qpos.copy(), simulator.model.body_pos.copy()
    settle(simulator, 1)
    np.testing.assert_array_equal(simulator.model.body_pos, before[1])
    np.testing.assert_allclose(simulator.data.qpos, before[0], atol=0.05)


def test_relief_is_plain_data() -> None:
    assert Relief(1.0, (0.1, -0.1)).height(np.array([0.0, 4.0])).tolist() == pytest.approx([0, 0.3])
