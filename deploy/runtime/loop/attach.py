"""What the loop needs of a robot beside its link: its limits, and in simulation its time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deploy.runtime.bundle import Manifest
from deploy.runtime.link.base import Channels, Command, Observation, RobotLink
from deploy.runtime.loop.clock import Clock
from deploy.runtime.loop.settings import Limits

__all__ = ["SteppedLink", "limits_of"]


def limits_of(manifest: Manifest, channels: Channels) -> Limits:
    """What the shield must know, in the bundle's order.

    The bundle's limits are the tighter ones (a bundle is refused by a robot that cannot follow it);
    the safe action is the robot's own, since only it knows where it can rest.

    Args:
        manifest: of the bundle.
        channels: the robot's, in the bundle's order (`Bundle.attach`).

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
        safe_action=np.array(channels.safe_action, np.float32),
        simulated=channels.simulated,
    )


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
