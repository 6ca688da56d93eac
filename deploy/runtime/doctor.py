"""The doctor: a bundle and a robot side by side, and whether the robot does what its names say."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from deploy.errors import DeployError
from deploy.runtime.bundle.channels import ChannelMap, differences
from deploy.runtime.bundle.manifest import Manifest
from deploy.runtime.bundle.mapped import MappedLink
from deploy.runtime.link.base import Channel, Channels, Command, RobotLink
from deploy.runtime.loop.attach import limits_of
from deploy.runtime.loop.guard import CommandGuard

__all__ = ["Answer", "Row", "compare", "wiggle"]

_PUSH_S = 0.4
"""How long an action is held to one side [s]; it is measured over the second half."""
_CYCLES = 2
"""Times that it is held to either side."""
_SILENT = 0.1
"""An action that moves no channel by this part of what other actions move it is silent."""
_SILENCE_S = 2.0
"""Without an observation for so long, the robot is gone [s]."""
_CROSSING_S = 5.0
"""Longest way from one side to the other, at an action's greatest rate [s]."""


@dataclass(frozen=True)
class Row:
    """One channel on both sides.

    Attributes:
        kind: "observation" or "action".
        name: of the channel.
        ours: its place in the bundle and the channel; None if the bundle has none.
        theirs: its place on the robot and the channel; None if the robot has none.
        faults: why it cannot be used; empty if it can.
    """

    kind: str
    name: str
    ours: tuple[int, Channel] | None
    theirs: tuple[int, Channel] | None
    faults: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """What one action moved.

    Attributes:
        action: name of the channel.
        channel: the observation channel that is this action's own: no other moves it as much.
        unit: of that channel.
        moved: by how much it stood higher while the action was held up than while held down.
        ratio: how many times more than any other action moved it.
        silent: nothing moved.
    """

    action: str
    channel: str
    unit: str
    moved: float
    ratio: float
    silent: bool


def compare(manifest: Manifest, channels: Channels) -> tuple[list[Row], list[str]]:
    """Every channel on both sides, the bundle's order first, and what else differs."""
    found: dict[str, list[str]] = {}
    for item in differences(manifest, channels):
        found.setdefault(item.channel, []).append(item.reason)
    rows = []
    sides = (
        ("observation", manifest.observation, channels.observation),
        ("action", manifest.action, channels.action),
    )
    for kind, ours, theirs in sides:
        here = {channel.name: (i, channel) for i, channel in enumerate(ours)}
        there = {channel.name: (i, channel) for i, channel in enumerate(theirs)}
        for name in [*here, *(n for n in there if n not in here)]:
            faults = tuple(found.pop(name, ()))
            rows.append(Row(kind, name, here.get(name), there.get(name), faults))
    rest = [f"{name}: {reason}" for name, reasons in found.items() for reason in reasons]
    return rows, rest


def wiggle(
    link: RobotLink,
    manifest: Manifest,
    channel_map: ChannelMap,
    *,
    amplitude: float,
    progress: Callable[[str], None] | None = None,
) -> list[Answer]:
    """Hold each action gently up and down, one after another, and see which channel follows.

    The robot must hang free or have room. Whatever happens, its safe action is the last word.

    Args:
        link: to the robot.
        manifest: of the bundle.
        channel_map: between the two.
        amplitude: how far, as a part of half the action's range.
        progress: told the name of each action before it moves.

    Raises:
        DeployError: the amplitude is not allowed, the robot does not answer, or a channel of its
            observations is not finite.
    """
    if not 0 < amplitude <= 0.5:
        raise DeployError(f"amplitude: {amplitude:g} is not allowed; allowed: above 0 to 0.5")
    driver = _Driver(MappedLink(link, manifest, channel_map), manifest)
    hold = _hold(manifest, amplitude)
    still = np.repeat(driver.safe[None], 2 * _CYCLES * hold, axis=0)
    sides = np.tile(np.repeat((1.0, -1.0), hold), _CYCLES)
    try:
        driver.drive(still)  # the robot comes to rest first
        noise = driver.drive(still).std(0)
        moved = []
        for index, channel in enumerate(manifest.action):
            if progress is not None:
                progress(channel.name)
            commands = still.copy()
            commands[:, index] += sides * amplitude * (channel.high - channel.low) / 2
            moved.append(_moved(driver.drive(commands), hold))
            driver.drive(still)
    finally:
        driver.rest()
    return _answers(manifest, np.stack(moved), noise)


def _hold(manifest: Manifest, amplitude: float) -> int:
    """Control periods to either side: each action has arrived when the second half begins."""
    hold = max(4, round(_PUSH_S / manifest.dt))
    for channel, rate in zip(manifest.action, manifest.action_rate, strict=True):
        seconds = amplitude * (channel.high - channel.low) / rate
        if seconds > _CROSSING_S:
            most = amplitude * _CROSSING_S / seconds
            raise DeployError(
                f"amplitude: {amplitude:g} takes {channel.name} {seconds:.3g} s from one side to "
                f"the other at {rate:g} a second; allowed: up to {most:.2g}"
            )
        hold = max(hold, 2 * math.ceil(seconds / manifest.dt))
    return hold


def _moved(observed: np.ndarray, hold: int) -> np.ndarray:
    """`[S]`: mean while held up less mean while held down, over the second half of each hold."""
    phases = observed.reshape(_CYCLES, 2, hold, -1)[:, :, hold // 2 :].mean((0, 2))
    return phases[0] - phases[1]


def _answers(manifest: Manifest, moved: np.ndarray, noise: np.ndarray) -> list[Answer]:
    """Which of the channels `[A, S]` is each action's own."""
    size = np.abs(moved)
    largest = size.max(0) + 3 * noise + 1e-9
    answers = []
    for index, action in enumerate(manifest.action):
        others = np.delete(size, index, axis=0).max(0, initial=0.0)
        ratio = size[index] / (others + 3 * noise + 1e-9)
        own = int(np.argmax(ratio))
        channel = manifest.observation[own]
        answers.append(
            Answer(
                action.name, channel.name, channel.unit, float(moved[index, own]),
                float(ratio[own]), silent=bool(np.all(size[index] < _SILENT * largest)),
            )
        )  # fmt: skip
    return answers


class _Driver:
    """Sends one command for each observation and keeps what was observed.

    Args:
        link: to the robot, channels in the bundle's order.
        manifest: of the bundle.
    """

    def __init__(self, link: MappedLink, manifest: Manifest) -> None:
        limits = limits_of(manifest, link.channels)
        self._link, self._dt = link, manifest.dt
        self._names = limits.observation_names
        self._guard = CommandGuard(limits)
        self._valid_ns = round(3e9 * manifest.dt)
        self._sequence = 0
        self._observed = -1
        self.safe = limits.safe_action

    def drive(self, commands: np.ndarray) -> np.ndarray:
        """Send `[T, A]`, each in answer to an observation; what was observed then, `[T, S]`."""
        if self._observed < 0:
            # Nothing is commanded of a robot that says nothing.
            self._read()
        seen = []
        for command in commands:
            self._write(command)
            seen.append(self._read())
        return np.stack(seen)

    def rest(self) -> None:
        """Command the safe action, if anything was commanded, no faster than anything else."""
        if not self._sequence:
            return
        self._write(self.safe)
        while not np.array_equal(self._guard.last, self.safe):
            time.sleep(self._dt)
            self._write(self.safe)

    def _read(self) -> np.ndarray:
        observation = self._link.read(_SILENCE_S)
        if observation is None:
            raise DeployError(f"robot: sent no observation for {_SILENCE_S:g} s")
        values, size = observation.values, len(self._names)
        if values.shape != (size,):
            raise DeployError(f"robot: an observation of {values.size} values; allowed: {size}")
        wrong = [
            f"{name} is {value:g}"
            for name, value in zip(self._names, values, strict=True)
            if not np.isfinite(value)
        ]
        if wrong:
            raise DeployError(f"robot: {', '.join(wrong)}; allowed: finite numbers")
        self._observed = observation.sequence
        return values.astype(np.float64)

    def _write(self, command: np.ndarray) -> None:
        self._link.write(
            Command(
                sequence=self._sequence, for_sequence=self._observed,
                stamp_ns=time.monotonic_ns(), valid_for_ns=self._valid_ns,
                values=self._guard(command), armed=True,
            )
        )  # fmt: skip
        self._sequence += 1
