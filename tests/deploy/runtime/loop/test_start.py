"""From a bundle and a robot's name to a run: what fits, what is refused, what is let go of."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

from controllers import GateConfig, make_planner
from deploy.runtime import link as links
from deploy.runtime.bundle import Manifest
from deploy.runtime.bundle.channels import match_channels
from deploy.runtime.bundle.mapped import MappedLink
from deploy.runtime.link.base import Channel, Channels, Command, Observation
from deploy.runtime.loop import start
from deploy.runtime.loop.attach import limits_of
from deploy.runtime.loop.config import RunConfig
from tests.deploy.runtime.loop.fakes import DT, NAMES, SAFE, UNITS, A, H, S, Voice, move, sled_agent

OBSERVATION = tuple(Channel(n, u, -50.0, 50.0) for n, u in zip(NAMES, UNITS, strict=True))
ACTION = (Channel("push_x", "1", -1.0, 1.0), Channel("push_y", "1", -1.0, 1.0))

MANIFEST = Manifest(
    format=1, robot="sleds", dt=DT, observation=OBSERVATION, action=ACTION,
    action_rate=(25.0, 25.0), safe_action=(0.0, 0.0), window=8,
    planner=make_planner("cem", candidates=12, horizon=H, iterations=2, elites=4),
    gate=GateConfig(), kind="grbal", adapts=True, context=(), prior=(), opset=18,
    made_with=MappingProxyType({}), source=MappingProxyType({}), files=MappingProxyType({}),
)  # fmt: skip


class FakeBundle:
    path = Path("sleds")
    manifest = MANIFEST

    def agent(self, *, seed: int = 0, planner: Any = None) -> Any:
        return sled_agent(seed)

    def attach(self, link: Any) -> MappedLink:
        return MappedLink(link, self.manifest, match_channels(self.manifest, link.channels))


class Stepped:
    """Two sleds that step when they are commanded; y comes first and counts backwards."""

    def __init__(self, dt: float = DT) -> None:
        observation = tuple(OBSERVATION[i] for i in (1, 0, 3, 2))
        observation = (replace(observation[0], sign=-1), *observation[1:])
        action = (ACTION[1], replace(ACTION[0], sign=-1))
        self.channels = Channels("sleds", dt, observation, action, (-0.1, -0.1), simulated=True)
        self.state = np.zeros(S)
        self.commands: list[np.ndarray] = []
        self.applied, self.answered = np.array([-0.1, -0.1], np.float32), -1
        self.number = 0
        self.closed = False

    def read(self, timeout_s: float) -> Observation | None:
        x, y, x_speed, y_speed = self.state
        seen = np.array([-y, x, y_speed, x_speed], np.float32)
        self.number += 1
        return Observation(
            self.number, 0, 0, seen, self.applied, self.answered,
            reset=self.number == 1, reward=float(-((self.state[:2] - 1) ** 2).sum()),
        )  # fmt: skip

    def write(self, command: Command) -> None:
        self.commands.append(command.values)
        self.applied, self.answered = command.values, command.sequence
        y, x = command.values * np.array([1, -1])
        self.state = move(1.0, self.state, np.array([x, y]))

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def robot(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Stepped:
    made = Stepped()
    monkeypatch.chdir(tmp_path)
    FakeBundle.path.mkdir()
    (FakeBundle.path / "manifest.json").write_text("{}")
    monkeypatch.setattr(start, "load_bundle", lambda path: FakeBundle())
    monkeypatch.setattr(links, "open_link", lambda text: made, raising=False)
    return made


def run(person: Any = None, **options: Any) -> dict[str, Any]:
    config = RunConfig(bundle=Path("sleds"), deterministic=True, seconds=1.0, **options)
    return start.run_bundle(config, person if person is not None else Voice({}))


def test_channels_are_sorted_by_name_and_sign(robot: Stepped) -> None:
    summary = run(arm=True)
    assert not summary["safe"]
    assert summary["steps"] == 50
    assert summary["return"] > -15, "it reaches the goal, and stays"
    np.testing.assert_array_equal(robot.commands[-1], np.array([-0.1, -0.1], np.float32))
    assert robot.closed
    assert summary["settings"]["loop"]["lead"] == 0
    assert summary["robot"] == "sim:sleds?seed=0"


def test_the_same_seed_gives_the_same_run(robot: Stepped, monkeypatch: pytest.MonkeyPatch) -> None:
    def commands(**options: Any) -> np.ndarray:
        made = Stepped()
        monkeypatch.setattr(links, "open_link", lambda text: made)
        run(arm=True, **options)
        return np.array(made.commands)

    np.testing.assert_array_equal(commands(), commands())
    assert not np.array_equal(commands(), commands(latency=1))


def test_a_run_shorter_than_half_a_period_is_not_endless(robot: Stepped) -> None:
    config = RunConfig(bundle=Path("sleds"), deterministic=True, seconds=0.4 * DT, arm=True)
    summary = start.run_bundle(config, Voice({30: "stop"}))
    assert summary["ended"] == "the time is up"
    assert summary["ticks"] < 10


def test_nobody_and_no_flag_means_looking_on(robot: Stepped) -> None:
    nobody = Voice({})
    nobody.present = False
    summary = run(nobody)
    assert summary["observed_only"]
    assert robot.commands == []
    assert robot.closed


def test_packets_that_were_dropped_are_reported(
    robot: Stepped, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(arm=True)["dropped"] == {}
    # A link that checks what arrives counts until it is closed.
    monkeypatch.setattr(robot, "counters", {"late": 1}, raising=False)
    monkeypatch.setattr(robot, "close", lambda: robot.counters.update(cut=2))  # pyright: ignore
    assert run(arm=True)["dropped"] == {"cut": 2, "late": 1}


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
def test_a_full_disk_ends_the_log_and_not_the_run(robot: Stepped) -> None:
    summary = run(arm=True, log=Path("/dev/full"))
    assert (summary["ended"], summary["safe"]) == ("the time is up", False)
    assert "No space left on device" in summary["lost_logs"][0]
    assert summary["steps"] == 50
    np.testing.assert_array_equal(robot.commands[-1], np.array([-0.1, -0.1], np.float32))


def test_a_second_ctrl_c_does_not_cut_short_what_is_closed(
    robot: Stepped, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The log, the planner's process and the link are closed after the last tick."""
    close, before = robot.close, signal.getsignal(signal.SIGINT)

    def interrupted() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        close()

    monkeypatch.setattr(robot, "close", interrupted)
    summary = run(arm=True)
    assert (summary["ended"], summary["steps"]) == ("the time is up", 50)
    assert robot.closed
    assert signal.getsignal(signal.SIGINT) is before


def test_the_safe_action_is_the_robots_own(robot: Stepped) -> None:
    mapped = MappedLink(robot, MANIFEST, match_channels(MANIFEST, robot.channels))
    limits = limits_of(MANIFEST, mapped.channels)
    np.testing.assert_allclose(limits.safe_action, [0.1, -0.1])
    np.testing.assert_allclose(limits.action_step, 0.5)
    np.testing.assert_array_equal(limits.safe_action, SAFE)


@pytest.mark.parametrize(
    ("options", "channels", "words"),
    [
        ({"robot": "udp://127.0.0.1:9"}, {}, "deterministic: udp://127.0.0.1:9 has a time of its"),
        ({}, {"dt": 0.05}, "dt"),
        ({}, {"observation": OBSERVATION[:3]}, "y_speed"),
        ({}, {"safe_action": (-2.0, 0.0)}, "safe action"),
        ({"planner": "chess"}, {}, "chess"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_moves(
    robot: Stepped, options: dict, channels: dict, words: str
) -> None:
    robot.channels = replace(robot.channels, **channels)
    with pytest.raises(ValueError, match=words):
        run(arm=True, **options)
    assert robot.commands == []
    assert robot.closed or options.get("robot")


def test_a_robot_that_changes_its_channels_is_stopped(robot: Stepped) -> None:
    read = robot.read

    def cut(timeout_s: float) -> Observation | None:
        observation = read(timeout_s)
        if observation is not None and observation.sequence > 20:
            return replace(observation, values=observation.values[:A])
        return observation

    robot.read = cut
    nobody = Voice({})
    nobody.present = False
    summary = run(nobody, arm=True)
    assert summary["safe"]
    assert summary["ended"] == "observation: 2 values, not 4"
    assert summary["ticks_in_mode"]["hold"] >= 5
    np.testing.assert_array_equal(robot.commands[-1], np.array([-0.1, -0.1], np.float32))
