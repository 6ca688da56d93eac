"""A robot as its bundle sees it: channels in the bundle's order and signs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deploy.runtime.bundle.channels import ChannelMap, signed_limits
from deploy.runtime.bundle.manifest import Manifest
from deploy.runtime.link.base import Channel, Channels, Command, Observation, RobotLink

__all__ = ["MappedLink"]


class MappedLink:
    """A link whose numbers stand where the bundle expects them (`RobotLink`).

    Args:
        link: to the robot.
        manifest: of the bundle.
        channel_map: between the two, which has checked that they fit.
    """

    def __init__(self, link: RobotLink, manifest: Manifest, channel_map: ChannelMap) -> None:
        self._link, self._map = link, channel_map
        declared = link.channels
        safe = channel_map.applied(np.array(declared.safe_action, np.float64))
        self._channels = replace(
            declared,
            observation=_seen(manifest.observation, declared.observation),
            action=tuple(replace(channel, sign=1) for channel in manifest.action),
            safe_action=tuple(map(float, safe)),
        )

    @property
    def channels(self) -> Channels:
        """The robot's channels in the bundle's order; actions with the bundle's limits."""
        return self._channels

    def read(self, timeout_s: float) -> Observation | None:
        """As the link's; what has another size than the robot declared is left as it came.

        Raises:
            DeployError: the link is broken beyond waiting.
        """
        observation = self._link.read(timeout_s)
        if observation is None:
            return None
        values, applied = observation.values, observation.applied
        # One that is cut short is for whoever judges observations, and no reason to let go.
        if values.size == self._map.observation_index.size:
            values = self._map.observation(values)
        if applied.size == self._map.action_index.size:
            applied = self._map.applied(applied)
        return replace(observation, values=values, applied=applied)

    def write(self, command: Command) -> None:
        self._link.write(replace(command, values=self._map.action(command.values)))

    def close(self) -> None:
        self._link.close()


def _seen(ours: tuple[Channel, ...], theirs: tuple[Channel, ...]) -> tuple[Channel, ...]:
    """The robot's channels with its own limits, counted as the bundle counts."""
    declared = {channel.name: channel for channel in theirs}
    seen = []
    for channel in ours:
        robot = declared[channel.name]
        low, high = signed_limits(robot, channel.sign * robot.sign)
        seen.append(Channel(channel.name, channel.unit, low, high))
    return tuple(seen)
