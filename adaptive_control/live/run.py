"""The live page from end to end: refuse what cannot be, then loop, page, and a clean end."""

from __future__ import annotations

import io
import ipaddress
import socket
import time
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import viser
from rich.console import Console

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.live.config import LiveConfig
from adaptive_control.live.linked import LinkedLoop, ReadableLink
from adaptive_control.live.loop import ControlLoop
from adaptive_control.live.page import Page
from adaptive_control.methods import checked_method, method_names
from adaptive_control.pretrained import planner_for, pretrained_path
from adaptive_control.threads import this_thread_alone
from adaptive_control.training import LoadedModel, load_model
from robots import get_robot
from robots.plant import compiled

__all__ = ["run_live"]


class _Loop(Protocol):
    failure: BaseException | None

    def start(self) -> None: ...

    def stop(self) -> None: ...


def run_live(config: LiveConfig, console: Console, link: ReadableLink | None = None) -> None:
    """Serve the page until the time is up or Ctrl-C.

    Args:
        config: what was asked for.
        console: says the address.
        link: a robot to show in place of a simulated one.

    Raises:
        AdaptiveControlError: the port is in use, or the host is no address of this machine.
        RobotError: robot or perturbation.
        PlannerError: planner.
    """
    _check_port(config.host, config.port)
    if not _loopback(config.host):
        console.print(
            f"warning: {config.host} is not loopback: whoever reaches port {config.port} can "
            "watch and command this page; it asks for no password",
            style="yellow", highlight=False, soft_wrap=True,
        )  # fmt: skip
    this_thread_alone()
    loop, open_page = _linked(link) if link is not None else _simulated(config)
    with redirect_stdout(io.StringIO()):  # its own banner would say the address a second time
        server = viser.ViserServer(host=config.host, port=config.port, verbose=False)
    page = None
    try:
        page = open_page(server)
        loop.start()
        page.start()
        console.print(
            f"live page: http://{config.host}:{server.get_port()}  (Ctrl-C ends)", soft_wrap=True
        )
        _wait(config.seconds, loop, page)
    finally:
        loop.stop()
        if page is not None:
            page.stop()
        server.stop()


def _wait(seconds: float, loop: _Loop, page: Page) -> None:
    end = time.monotonic() + seconds if seconds else float("inf")
    while time.monotonic() < end:
        failure = loop.failure or page.failure
        if failure is not None:
            raise failure
        time.sleep(min(0.1, max(end - time.monotonic(), 0.0)))


def _simulated(config: LiveConfig) -> tuple[_Loop, Callable[[viser.ViserServer], Page]]:
    robot = get_robot(config.robot)

    given = {config.versus: config.versus_checkpoint, config.model: config.checkpoint}

    @cache
    def load(name: str) -> LoadedModel:
        checked_method(name, "model")
        path = given.get(name) or pretrained_path(config.robot, name)
        return load_model(path, robot=config.robot, method=name)

    names = (config.model,) if config.versus == "none" else (config.model, config.versus)
    planner = planner_for(config.robot, config.planner)
    loop = ControlLoop(robot, names, load, planner, config.perturb, config.seed)
    mass = float(compiled(robot, ()).body_mass.sum())

    def open_page(server: viser.ViserServer) -> Page:
        methods = _shipped(config.robot, names)
        return Page(server, robot, loop.slot, loop.send, methods, mass, config.out)

    return loop, open_page


def _linked(link: ReadableLink) -> tuple[_Loop, Callable[[viser.ViserServer], Page]]:
    loop = LinkedLoop(link)
    return loop, lambda server: Page(server, loop.robot, loop.slot, None)


def _shipped(robot: str, used: tuple[str, ...]) -> tuple[str, ...]:
    """Methods whose models can be loaded without asking for a path."""
    found = []
    for name in method_names():
        try:
            path: Any = pretrained_path(robot, name)
        except AdaptiveControlError:
            continue
        if Path(path).exists():
            found.append(name)
    return tuple(dict.fromkeys((*found, *used)))


def _check_port(host: str, port: int) -> None:
    """Refuse a port that is taken: the server would quietly take another one."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise AdaptiveControlError(f"host: {host!r} is unknown ({error.strerror})") from error
    except OSError as error:
        raise AdaptiveControlError(
            f"port: {port} on {host} cannot be served on ({error.strerror}); give another --port"
        ) from error


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
