"""A robot as its bundle sees it: channels in the bundle's order and signs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deploy.errors import DeployError
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
        self._sizes = (channel_map.observation_index.size, channel_map.action_index.size)
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
        """As the link's.

        Raises:
            DeployError: the robot sends other channels than it declared.
        """
        observation = self._link.read(timeout_s)
        if observation is None:
            return None
        if (observation.values.size, observation.applied.size) != self._sizes:
            raise DeployError(
                f"link: the robot sends {observation.values.size} values and "
                f"{observation.applied.size} actions, it declared {self._sizes}"
            )
        return replace(
            observation,
            values=self._map.observation(observation.values),
            applied=self._map.applied(observation.applied),
        )

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
