"""Unitree's own Python library, imported when it is needed."""

from __future__ import annotations

import importlib
import threading
from typing import Any

from deploy.errors import DeployError

__all__ = ["active_service", "low_command", "message_type", "start_dds", "unitree"]

_ANSWER_S = 5.0


def unitree(module: str) -> Any:
    """A module of `unitree_sdk2py`.

    Raises:
        DeployError: it is not there.
    """
    try:
        return importlib.import_module(f"unitree_sdk2py.{module}")
    except ImportError as error:
        raise DeployError(
            f"link: unitree:// needs unitree_sdk2py: install it from the source of "
            f"unitreerobotics/unitree_sdk2_python, with Cyclone DDS 0.10.2 ({error})"
        ) from error


_started: list[tuple[str, int]] = []
_lock = threading.Lock()


def start_dds(interface: str, domain: int) -> None:
    """Join the robot's network, once in a process.

    Raises:
        DeployError: the interface is not there, or another one was joined before.
    """
    with _lock:
        if _started:
            if _started[0] != (interface, domain):
                raise DeployError(
                    f"link: unitree://{interface} in domain {domain}; allowed in this process: "
                    f"the one that it joined, unitree://{_started[0][0]} in {_started[0][1]}"
                )
            return
        channel = unitree("core.channel")
        try:
            channel.ChannelFactoryInitialize(domain, interface or None)
        except Exception as error:
            raise DeployError(f"link: unitree://{interface}: {error}") from error
        _started.append((interface, domain))


def message_type(name: str) -> Any:
    """A message's class of the `unitree_go` family, such as `LowState_`."""
    return getattr(unitree("idl.unitree_go.msg.dds_"), name)


def low_command() -> Any:
    """An empty LowCmd_."""
    return unitree("idl.default").unitree_go_msg_dds__LowCmd_()


def active_service() -> str:
    """Which of the robot's own motion services commands the motors; "" for none.

    Raises:
        DeployError: the robot does not say.
    """
    client = unitree("comm.motion_switcher.motion_switcher_client").MotionSwitcherClient()
    client.SetTimeout(_ANSWER_S)
    client.Init()
    code, answer = client.CheckMode()
    if code != 0 or answer is None:
        raise DeployError(
            f"link: the robot does not say which motion service is on (code {code}); allowed: "
            f"service=ignore, only if you know that none commands the motors"
        )
    return str(answer.get("name") or "")
