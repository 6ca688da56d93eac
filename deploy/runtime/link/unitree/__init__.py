"""Quadrupeds of Unitree's SDK 2 at the level of their motors (docs/unitree.md)."""

from __future__ import annotations

from deploy.errors import DeployError
from deploy.runtime.link.hardware.connect import connect
from deploy.runtime.link.hardware.link import HardwareLink
from deploy.runtime.link.unitree.config import parse_unitree
from deploy.runtime.link.unitree.inputs import UnitreeInputs
from deploy.runtime.link.unitree.library import active_service

__all__ = ["open_link"]

_SINK = "deploy.runtime.link.unitree.sink:open_sink"


def open_link(text: str, greeting_s: float = 3.0, *, watch: bool = False) -> HardwareLink:
    """A link to a robot's motors.

    Args:
        text: `unitree://INTERFACE?config=FILE` with, if need be, `domain=N`, `checksum=off`,
            `service=ignore`; `commands=off` only watches.
        greeting_s: longest wait for the first observation.
        watch: as `commands=off`.

    Raises:
        DeployError: the text or the wiring, the SDK is missing, no observation comes, or the
            robot's own motion service commands the motors.
    """
    address = parse_unitree(text)
    inputs = UnitreeInputs(address)
    commands = address.commands and not watch
    try:
        if commands and address.check_service:
            _require_free_motors(text)
    except BaseException:
        inputs.close()
        raise
    return connect(address.wiring, inputs, _SINK if commands else None, text, greeting_s)


def _require_free_motors(text: str) -> None:
    service = active_service()
    if service:
        raise DeployError(
            f"link: {text}: the robot's own motion service {service!r} commands the "
            f"motors; allowed: none (switch it off first, with the robot lying down)"
        )
