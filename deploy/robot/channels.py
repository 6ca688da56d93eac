"""What a simulated robot declares of itself, from its spec."""

from __future__ import annotations

from deploy.runtime.link.base import Channel, Channels
from robots import RobotSpec
from robots.spec import Field

__all__ = ["channels_of"]


def channels_of(spec: RobotSpec) -> Channels:
    """The channels of a robot; its safe action is to let all motors go slack."""
    return Channels(
        robot=spec.name,
        dt=spec.dt,
        observation=tuple(map(_channel, spec.observation)),
        action=tuple(map(_channel, spec.action)),
        safe_action=(0.0,) * spec.action_size,
        simulated=True,
    )


def _channel(field: Field) -> Channel:
    return Channel(field.name, field.unit, field.low, field.high)
