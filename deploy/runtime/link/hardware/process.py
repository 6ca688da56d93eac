"""Starts the keeper, and hands commands to it."""

from __future__ import annotations

import json
import os
import select
import socket
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

from deploy.errors import DeployError
from deploy.runtime.link.hardware.keeper import READY, Order, pack

__all__ = ["KeeperProcess"]


class KeeperProcess:
    """The keeper in its process; ready to take commands once it is made.

    Args:
        factory: `module:function`, called there with `arguments`, returns the sink.
        arguments: keywords for it; must survive JSON.
        timeout_s: longest wait for it to be ready.

    Raises:
        DeployError: it cannot speak to the robot; says why.
    """

    def __init__(self, factory: str, arguments: Mapping[str, Any], timeout_s: float = 30.0) -> None:
        # Packets that stay whole, and an end that is seen when the other one is gone.
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        spec = {"descriptor": theirs.fileno(), "factory": factory, "arguments": dict(arguments)}
        paths = os.pathsep.join(path for path in sys.path if path)
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploy.runtime.link.hardware.keeper", json.dumps(spec)],
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
                env={**os.environ, "PYTHONPATH": paths},
                # Ctrl-C in the terminal is for the shield, which then ends the keeper.
                start_new_session=True,
            )
        finally:
            theirs.close()
        try:
            self._await_ready(timeout_s)
        except BaseException:
            self.close()
            raise
        self._socket.setblocking(False)

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def _await_ready(self, timeout_s: float) -> None:
        ready, _, _ = select.select([self._socket], [], [], timeout_s)
        word = self._socket.recv(4096) if ready else b"not ready in time"
        if word != READY:
            raise DeployError(f"link: {word.decode(errors='replace') or 'the keeper ended'}")

    def send(self, order: Order) -> bool:
        """Hand a command on, without waiting; whether there was room.

        Raises:
            DeployError: the keeper has ended.
        """
        try:
            self._socket.send(pack(order))
        except BlockingIOError:
            return False
        except OSError as error:
            raise DeployError(f"link: nobody keeps the robot: {error.strerror}") from error
        return True

    def close(self) -> None:
        """The keeper takes the safe action and ends."""
        self._socket.close()
        try:
            self._process.wait(10.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
