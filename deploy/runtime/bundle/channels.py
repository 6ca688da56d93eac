"""A robot's channels matched to a bundle's, by name; anything doubtful is refused."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deploy.errors import DeployError
from deploy.runtime.bundle.manifest import Manifest
from deploy.runtime.link.base import Channel, Channels

__all__ = ["ChannelMap", "Difference", "differences", "match_channels", "signed_limits"]

_SLACK = 1e-6
"""Relative difference at which two limits or control periods are still the same."""


_MOST_TOLD = 6
"""Differences that one line names."""


@dataclass(frozen=True, eq=False)
class ChannelMap:
    """How numbers travel between a robot's order of channels and a bundle's.

    Attributes:
        observation_index: `[S]`, where the robot sends each of the bundle's channels.
        observation_sign: `[S]`, 1 or -1, what it must be multiplied with.
        action_index: `[A]`, which of the bundle's actions each of the robot's channels takes.
        action_sign: `[A]`, 1 or -1, in the robot's order.
    """

    observation_index: np.ndarray
    observation_sign: np.ndarray
    action_index: np.ndarray
    action_sign: np.ndarray

    def observation(self, values: np.ndarray) -> np.ndarray:
        """The robot's observation `[..., S]` in the bundle's order and signs."""
        return values[..., self.observation_index] * self.observation_sign

    def action(self, values: np.ndarray) -> np.ndarray:
        """The bundle's action `[..., A]` as the robot takes it."""
        return values[..., self.action_index] * self.action_sign

    def applied(self, values: np.ndarray) -> np.ndarray:
        """What the robot says that it applied `[..., A]`, as an action of the bundle."""
        result = np.empty_like(values)
        result[..., self.action_index] = values * self.action_sign
        return result

    @property
    def trivial(self) -> bool:
        """Whether order and signs are the same on both sides."""
        same = all(
            np.array_equal(index, np.arange(index.size))
            for index in (self.observation_index, self.action_index)
        )
        return same and bool(np.all(self.observation_sign == 1) and np.all(self.action_sign == 1))


@dataclass(frozen=True)
class Difference:
    """A reason not to run.

    Attributes:
        channel: its name, or what else differs.
        reason: what was found, and what was expected.
    """

    channel: str
    reason: str


def differences(manifest: Manifest, channels: Channels) -> list[Difference]:
    """Everything about a robot that the bundle was not made for; empty if it may run."""
    found = []
    if channels.robot != manifest.robot:
        reason = f"the robot is {channels.robot!r}, the bundle is for {manifest.robot!r}"
        found.append(Difference("robot", reason))
    if not abs(channels.dt - manifest.dt) <= _SLACK * manifest.dt:  # also where it is no number
        reason = f"the robot's control period is {channels.dt:g} s, the bundle's {manifest.dt:g} s"
        found.append(Difference("dt", reason))
    found += _compare("observation", manifest.observation, channels.observation)
    found += _compare("action", manifest.action, channels.action)
    size = len(channels.action)
    if len(channels.safe_action) != size:
        reason = f"the robot declares {len(channels.safe_action)} values for {size} actions"
        found.append(Difference("safe_action", reason))
    else:
        found += _unsafe(manifest, channels)
    return found


def _unsafe(manifest: Manifest, channels: Channels) -> list[Difference]:
    """Where the robot's safe action is none that the bundle may command."""
    ours = {channel.name: channel for channel in manifest.action}
    found = []
    for theirs, value in zip(channels.action, channels.safe_action, strict=True):
        if theirs.name not in ours:
            continue
        expected = ours[theirs.name]
        # As the limits of the loop are: float32, and counted as the bundle counts.
        safe = np.float32(value * theirs.sign * expected.sign)
        if not np.float32(expected.low) <= safe <= np.float32(expected.high):
            allowed = f"{expected.low:g} to {expected.high:g}"
            reason = f"safe action {safe:g}, the bundle commands {allowed}"
            found.append(Difference(theirs.name, reason))
    return found


def match_channels(manifest: Manifest, channels: Channels) -> ChannelMap:
    """How the robot's channels map to the bundle's.

    Raises:
        DeployError: names channels that do not fit, and what was expected; of another robot, which
            none would fit, the robot alone. `doctor` lists them all.
    """
    found = differences(manifest, channels)
    if found:
        told = found[:1] if channels.robot != manifest.robot else found[:_MOST_TOLD]
        reasons = "; ".join(f"{item.channel}: {item.reason}" for item in told)
        more = len(found) - len(told)
        raise DeployError(
            f"robot {channels.robot!r} does not fit the bundle: {reasons}"
            + (f"; and {more} differences more, which `doctor` lists" if more else "")
        )
    here = {channel.name: i for i, channel in enumerate(channels.observation)}
    ours = {channel.name: i for i, channel in enumerate(manifest.action)}
    theirs = {channel.name: channel for channel in channels.observation}
    return ChannelMap(
        observation_index=np.array([here[c.name] for c in manifest.observation]),
        observation_sign=np.array(
            [c.sign * theirs[c.name].sign for c in manifest.observation], np.float32
        ),
        action_index=np.array([ours[c.name] for c in channels.action]),
        action_sign=np.array(
            [c.sign * manifest.action[ours[c.name]].sign for c in channels.action], np.float32
        ),
    )


def _compare(kind: str, ours: tuple[Channel, ...], theirs: tuple[Channel, ...]) -> list[Difference]:
    expected = {channel.name: channel for channel in ours}
    declared = {channel.name: channel for channel in theirs}
    found = []
    if len(declared) != len(theirs):
        found.append(Difference(kind, "the robot declares a name twice"))
    for name in expected:
        if name not in declared:
            found.append(Difference(name, f"the robot has no such {kind}"))
    for name, channel in declared.items():
        if name not in expected:
            found.append(Difference(name, f"the bundle knows no such {kind} of the robot"))
            continue
        found += [Difference(name, reason) for reason in _faults(kind, expected[name], channel)]
    return found


def _faults(kind: str, ours: Channel, theirs: Channel) -> list[str]:
    """Why a channel cannot be used as the bundle's of the same name."""
    faults = []
    if theirs.unit != ours.unit:
        faults.append(f"unit {theirs.unit!r}, the bundle expects {ours.unit!r}")
    if theirs.sign not in (-1, 1):
        faults.append(f"sign {theirs.sign}, allowed: 1 or -1")
    if kind == "action" and not faults:
        # The bundle plans up to its own limits: a robot that cannot follow would do something else.
        low, high = signed_limits(theirs, theirs.sign * ours.sign)
        slack = _SLACK * (ours.high - ours.low)
        if not (low <= ours.low + slack and high >= ours.high - slack):
            faults.append(
                f"limits {low:g} to {high:g}, the bundle commands {ours.low:g} to {ours.high:g}"
            )
    return faults


def signed_limits(channel: Channel, sign: int) -> tuple[float, float]:
    """The channel's limits, counted as the bundle counts."""
    return (channel.low, channel.high) if sign == 1 else (-channel.high, -channel.low)
