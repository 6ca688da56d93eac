"""How a link to a real robot is put together, and taken apart if it fails half-way."""

from __future__ import annotations

from deploy.runtime.link.hardware.link import HardwareLink, Inputs
from deploy.runtime.link.hardware.process import KeeperProcess
from deploy.runtime.link.hardware.wiring import Wiring

__all__ = ["connect"]


def connect(
    wiring: Wiring, inputs: Inputs, sink: str | None, text: str, greeting_s: float
) -> HardwareLink:
    """A link to a robot that has begun to speak.

    Args:
        wiring: which number is which channel.
        inputs: what comes from the robot; closed if there will be no link.
        sink: `module:function` that the keeper of commands opens; None: it is only watched.
        text: the text of the link.
        greeting_s: longest wait for the first observation.

    Raises:
        DeployError: no keeper, or no observation comes.
    """
    commands = None
    try:
        if sink is not None:
            commands = KeeperProcess(sink, {"text": text})
        link = HardwareLink(wiring, inputs, commands, text)
        link.await_robot(greeting_s)
    except BaseException:
        if commands is not None:
            commands.close()
        inputs.close()
        raise
    return link
