"""Puts a bundle and a robot together: channels in the bundle's order, and the robot's limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deploy.errors import DeployError
from deploy.runtime.bundle import ChannelMap, Manifest
from deploy.runtime.link.base import Channels, Command, Observation, RobotLink
from deploy.runtime.loop.clock import Clock
from deploy.runtime.loop.settings import Limits

__all__ = ["MappedLink", "SteppedLink", "limits_of"]


def limits_of(manifest: Manifest, channels: Channels, mapping: ChannelMap) -> Limits:
    """What the shield must know, in the bundle's order.

    The bundle's limits are the tighter ones (a bundle is refused by a robot that cannot follow it);
    the safe action is the robot's own, since only it knows where it can rest.

    Raises:
        DeployError: the robot's safe action is beyond the limits of the bundle.
    """
    low = np.array([channel.low for channel in manifest.action], np.float32)
    high = np.array([channel.high for channel in manifest.action], np.float32)
    rate = np.array(manifest.action_rate, np.float64) * manifest.dt
    return Limits(
        dt=manifest.dt,
        observation_names=tuple(channel.name for channel in manifest.observation),
        observation_units=tuple(channel.unit for channel in manifest.observation),
        observation_low=np.array([channel.low for channel in manifest.observation], np.float32),
        observation_high=np.array([channel.high for channel in manifest.observation], np.float32),
        action_low=low,
        action_high=high,
        action_step=np.minimum(rate, np.finfo(np.float32).max).astype(np.float32),
        safe_action=mapping.applied(np.array(channels.safe_action, np.float32)),
        simulated=channels.simulated,
    )


class MappedLink:
    """A link that speaks in the bundle's order of channels, and with its signs.

    Args:
        link: to the robot.
        mapping: between both orders.
    """

    def __init__(self, link: RobotLink, mapping: ChannelMap) -> None:
        self._link, self._map = link, mapping
        self._sizes = (mapping.observation_index.size, mapping.action_index.size)

    @property
    def channels(self) -> Channels:
        """As the robot declared them."""
        return self._link.channels

    def read(self, timeout_s: float) -> Observation | None:
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


class SteppedLink:
    """A simulated robot whose clocks both count simulated time, for the same run on any machine.

    Args:
        link: to a robot in this process, which steps when it is told to.
        clock: of the loop.
        dt_ns: control period.
    """

    def __init__(self, link: RobotLink, clock: Clock, dt_ns: int) -> None:
        self._link, self._clock, self._dt_ns = link, clock, dt_ns
        self._stamp = 0

    @property
    def channels(self) -> Channels:
        """As the robot declared them."""
        return self._link.channels

    def read(self, timeout_s: float) -> Observation | None:
        observation = self._link.read(timeout_s)
        if observation is None:
            return None
        self._stamp += self._dt_ns
        return replace(observation, stamp_ns=self._stamp, received_ns=self._clock.now_ns())

    def write(self, command: Command) -> None:
        self._link.write(command)

    def close(self) -> None:
        self._link.close()
