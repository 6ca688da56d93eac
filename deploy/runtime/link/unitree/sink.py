"""Speaks to the motors; runs in the keeper's process."""

from __future__ import annotations

from deploy.runtime.link.hardware.keeper import Order
from deploy.runtime.link.unitree.config import UnitreeAddress, parse_unitree
from deploy.runtime.link.unitree.drives import Drives
from deploy.runtime.link.unitree.library import low_command, message_type, start_dds, unitree
from deploy.runtime.link.unitree.lowlevel import Drive, write_command

__all__ = ["UnitreeSink", "open_sink"]


class UnitreeSink:
    """Publishes LowCmd_ at 500 Hz, the rate of Unitree's own examples.

    Args:
        address: of the robot.

    Raises:
        DeployError: the SDK is not there, or the interface is not.
    """

    period_s = 0.002
    parting_s = 2.0
    """Damped for so long, a robot has sunk to the ground."""

    def __init__(self, address: UnitreeAddress) -> None:
        channel = unitree("core.channel")
        start_dds(address.interface, address.domain)
        self._drives = Drives(address.wiring, address.gains)
        self._message = low_command()
        self._publisher = channel.ChannelPublisher("rt/lowcmd", message_type("LowCmd_"))
        self._publisher.Init()

    def apply(self, order: Order, now_ns: int) -> None:
        self._drives.command(order, now_ns)
        self._publish(self._drives.at(now_ns))

    def again(self, now_ns: int) -> None:
        self._publish(self._drives.at(now_ns))

    def safe(self, now_ns: int) -> None:
        self._drives.release()
        self._publish(self._drives.damped)

    def _publish(self, drives: dict[int, Drive]) -> None:
        write_command(self._message, drives)
        self._publisher.Write(self._message)

    def close(self) -> None:
        self._publisher.Close()


def open_sink(text: str) -> UnitreeSink:
    """The sink of the robot that `text` names."""
    return UnitreeSink(parse_unitree(text))
