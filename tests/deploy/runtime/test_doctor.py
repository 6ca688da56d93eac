"""The doctor finds what does not fit, and what an action moves."""

from __future__ import annotations

import io
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from adaptive_control.cli.doctor import DoctorConfig, examine
from adaptive_control.cli.terminal import terminal
from deploy.errors import DeployError
from deploy.runtime.bundle import load_bundle
from deploy.runtime.doctor import compare, wiggle
from deploy.runtime.link.base import Channels, Command, Observation
from robots import Simulator
from tests.deploy.bundles import ROBOT, bundle_path


class Robot:
    """A simulated half-cheetah at the other end, its channels in an order of its own."""

    def __init__(self, **changes: object) -> None:
        self.manifest = load_bundle(bundle_path()).manifest
        self._simulator = Simulator(ROBOT)
        self._observed: np.ndarray | None = self._simulator.reset(0)
        self.dead: set[int] = set()
        self.broken = -1
        """Which sensor says NaN."""
        self.gone_at = np.inf
        """It says nothing more from the first command on that is greater."""
        self.order, self.turned = np.arange(6), np.ones(6)
        """What its driver gets wrong: which motor gets a command, and which way it turns."""
        self.commands: list[np.ndarray] = []
        declared = Channels(
            ROBOT, self.manifest.dt, self.manifest.observation[::-1], self.manifest.action[::-1],
            (0.0,) * 6,
        )  # fmt: skip
        self.channels = replace(declared, **changes)  # pyright: ignore[reportArgumentType]
        self._signs = np.array([channel.sign for channel in self.channels.action])

    def read(self, timeout_s: float) -> Observation | None:
        if self._observed is None:
            return None
        if self.commands and np.abs(self.commands[-1]).max() > self.gone_at:
            return None
        values = self._observed[::-1].copy()
        if self.broken >= 0:
            values[self.broken] = np.nan
        return Observation(len(self.commands), 0, 0, values, np.zeros(6, np.float32), -1)

    def write(self, command: Command) -> None:
        action = (command.values * self._signs)[::-1].copy()
        self.commands.append(action.copy())
        action = (action * self.turned)[self.order]
        action[list(self.dead)] = 0
        self._observed = self._simulator.step(action).observation

    def close(self) -> None:
        self._observed = None


def signed() -> tuple[object, ...]:
    channels = load_bundle(bundle_path()).manifest.action[::-1]
    return tuple(replace(channel, sign=-1) for channel in channels)


@pytest.mark.parametrize("changes", [{}, {"action": "signed"}], ids=["as is", "signs"])
def test_each_action_moves_its_own_joint_forward(changes: dict[str, object]) -> None:
    robot = Robot(**{name: signed() for name in changes})
    bundle = load_bundle(bundle_path())
    answers = wiggle(robot, bundle.manifest, bundle.match(robot.channels), amplitude=0.3)
    assert [answer.action for answer in answers] == [c.name for c in bundle.manifest.action]
    for answer in answers:
        assert answer.channel.startswith(answer.action)
        assert answer.moved > 0
        assert not answer.silent
    assert np.abs(robot.commands).max() <= 0.3 + 1e-6
    assert np.all(robot.commands[-1] == 0)


def test_names_and_units_are_shown_as_they_are_and_not_taken_for_markup() -> None:
    robot, bundle = Robot(), load_bundle(bundle_path())
    first, *rest = robot.channels.observation
    odd = replace(first, name="foot[/fr]", unit="[bold]m")
    robot.channels = replace(robot.channels, observation=(odd, *rest))
    console, shown = terminal(), io.StringIO()  # as the command shows it
    console.file, console.width = shown, 200
    with pytest.raises(DeployError, match=r"foot\[/fr\]"):
        examine(console, bundle, robot, DoctorConfig())
    assert "foot[/fr]" in shown.getvalue()
    assert "[bold]m" in shown.getvalue()


def test_a_motor_that_turns_the_other_way_unannounced_is_seen() -> None:
    robot, bundle = Robot(), load_bundle(bundle_path())
    robot.turned[1] = -1
    answers = wiggle(robot, bundle.manifest, bundle.match(robot.channels), amplitude=0.3)
    assert [answer.moved > 0 for answer in answers] == [True, False, True, True, True, True]


def test_motors_that_changed_places_unannounced_are_seen() -> None:
    robot, bundle = Robot(), load_bundle(bundle_path())
    robot.order = np.array([3, 1, 2, 0, 4, 5])
    answers = wiggle(robot, bundle.manifest, bundle.match(robot.channels), amplitude=0.3)
    own = {answer.action: answer.channel.split("_")[0] for answer in answers}
    assert (own["bthigh"], own["fthigh"]) == ("fthigh", "bthigh")
    assert all(own[name] == name for name in ("bshin", "bfoot", "fshin", "ffoot"))


def test_a_dead_motor_is_silent() -> None:
    robot = Robot()
    robot.dead = {2}
    bundle = load_bundle(bundle_path())
    answers = wiggle(robot, bundle.manifest, bundle.match(robot.channels), amplitude=0.3)
    assert [answer.silent for answer in answers] == [False, False, True, False, False, False]


def test_a_sensor_that_is_no_number_is_named_and_hides_no_dead_motor() -> None:
    robot, bundle = Robot(), load_bundle(bundle_path())
    robot.dead, robot.broken = set(range(6)), 3
    name = robot.channels.observation[3].name
    with pytest.raises(DeployError, match=f"^robot: {name} is nan; allowed: finite numbers$"):
        wiggle(robot, bundle.manifest, bundle.match(robot.channels), amplitude=0.3)
    assert robot.commands == []


def test_an_observation_that_is_cut_short_is_refused() -> None:
    robot, bundle = Robot(), load_bundle(bundle_path())
    robot._observed = np.zeros(5, np.float32)
    with pytest.raises(DeployError, match="an observation of 5 values; allowed: 18"):
        wiggle(robot, bundle.manifest, bundle.match(robot.channels), amplitude=0.3)


@pytest.mark.parametrize("rate", [40.0, 2.0])
def test_commands_keep_the_rate_limit_and_every_motor_still_answers(rate: float) -> None:
    robot, bundle = Robot(), load_bundle(bundle_path())
    manifest = replace(bundle.manifest, action_rate=(rate,) * 6)
    answers = wiggle(robot, manifest, bundle.match(robot.channels), amplitude=0.5)
    commands = np.array(robot.commands)
    assert np.abs(np.diff(commands, axis=0)).max() <= rate * manifest.dt + 1e-6
    assert np.abs(commands).max() == pytest.approx(0.5)
    assert np.all(commands[-1] == 0)
    assert all(answer.channel.startswith(answer.action) for answer in answers)
    assert not any(answer.silent or answer.moved < 0 for answer in answers)


def test_the_last_word_keeps_the_rate_limit() -> None:
    robot, bundle = Robot(), load_bundle(bundle_path())
    manifest = replace(bundle.manifest, action_rate=(4.0,) * 6)
    robot.gone_at = 0.4
    with pytest.raises(DeployError, match="sent no observation"):
        wiggle(robot, manifest, bundle.match(robot.channels), amplitude=0.5)
    commands = np.array(robot.commands)
    assert np.abs(np.diff(commands, axis=0)).max() <= 4.0 * manifest.dt + 1e-6
    assert np.all(commands[-1] == 0)


def test_an_action_too_slow_to_be_wiggled_is_named() -> None:
    robot, bundle = Robot(), load_bundle(bundle_path())
    manifest = replace(bundle.manifest, action_rate=(0.1, *[40.0] * 5))
    with pytest.raises(DeployError, match=r"amplitude: 0\.5 takes bthigh 10 s .* up to 0\.25"):
        wiggle(robot, manifest, bundle.match(robot.channels), amplitude=0.5)
    assert robot.commands == []


def test_the_safe_action_is_the_last_word() -> None:
    robot = Robot()
    bundle = load_bundle(bundle_path())

    def gone(name: str) -> None:
        if name == "bfoot":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        wiggle(robot, bundle.manifest, bundle.match(robot.channels), amplitude=0.5, progress=gone)
    assert np.abs(robot.commands).max() > 0.4
    assert np.all(robot.commands[-1] == 0)


def test_a_robot_that_says_nothing() -> None:
    robot = Robot()
    robot.close()
    bundle = load_bundle(bundle_path())
    with pytest.raises(DeployError, match="sent no observation"):
        wiggle(robot, bundle.manifest, bundle.match(robot.channels), amplitude=0.1)
    assert robot.commands == []


@pytest.mark.parametrize("amplitude", [0.0, 0.6, float("nan")])
def test_an_amplitude_that_is_not_gentle(amplitude: float) -> None:
    robot = Robot()
    bundle = load_bundle(bundle_path())
    with pytest.raises(DeployError, match="amplitude"):
        wiggle(robot, bundle.manifest, bundle.match(robot.channels), amplitude=amplitude)
    assert robot.commands == []


def test_rows_show_both_sides_and_every_fault() -> None:
    manifest = load_bundle(bundle_path()).manifest
    robot = Robot(dt=0.02)
    odd = [replace(c, unit="deg") if c.unit == "rad" else c for c in robot.channels.observation]
    odd[0] = replace(odd[0], name="odometer")
    rows, rest = compare(manifest, replace(robot.channels, observation=tuple(odd)))
    assert rest == ["dt: the robot's control period is 0.02 s, the bundle's 0.05 s"]
    faults = {row.name: row.faults for row in rows if row.faults}
    assert len(faults) == 9
    assert faults["pitch"] == ("unit 'deg', the bundle expects 'rad'",)
    assert {row.name for row in rows if row.ours is None} == {"odometer"}
    assert {row.name for row in rows if row.theirs is None} == {"forward_speed"}


def test_what_the_command_shows() -> None:
    bundle, robot = load_bundle(bundle_path()), Robot()
    console = Console(record=True, width=200, file=io.StringIO())
    assert examine(console, bundle, robot, DoctorConfig()) == 0
    assert "order and signs mapped by name" in (text := console.export_text())
    assert "the robot fits the bundle" in text
    assert robot.commands == []

    robot.dead = {0}
    assert examine(console, bundle, robot, DoctorConfig(wiggle=True, amplitude=0.3)) == 3
    assert "no answer from: bthigh" in console.export_text()

    unsafe = Robot(safe_action=(2.0, *[0.0] * 5))
    with pytest.raises(DeployError, match="ffoot: safe action 2, the bundle commands -1 to 1"):
        examine(console, bundle, unsafe, DoctorConfig())
    assert "safe action 2" in console.export_text()
    with pytest.raises(DeployError, match="dt: the robot's control period"):
        examine(console, bundle, Robot(dt=0.1), DoctorConfig())
