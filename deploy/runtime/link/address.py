"""The text that names a link: `sim:ROBOT?...`, `udp://HOST:PORT`, `unix:///PATH`."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from deploy.errors import DeployError

__all__ = ["Address", "SimulatedRobot", "parse_address", "parse_link", "refuse_zero"]

_SCHEMES = ("udp", "unix")
_SIM_OPTIONS = ("perturb", "seed", "backend")


@dataclass(frozen=True)
class SimulatedRobot:
    """A robot simulated in this process.

    Attributes:
        robot: its name.
        perturb: perturbation text.
        seed: of its initial state.
        backend: name of the simulator.
    """

    robot: str
    perturb: str = "none"
    seed: int = 0
    backend: str = "mujoco"


@dataclass(frozen=True)
class Address:
    """Where a robot in another process is reached by datagrams.

    Attributes:
        scheme: "udp" or "unix".
        host: of the robot; "" for unix.
        port: of the robot; 0 for unix.
        path: of its socket; "" for udp.
        key_file: holds the secret that both ends share; None: packets are not authenticated.
    """

    scheme: str
    host: str = ""
    port: int = 0
    path: str = ""
    key_file: Path | None = None

    def __str__(self) -> str:
        return f"unix://{self.path}" if self.scheme == "unix" else f"udp://{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.scheme == "unix" or self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    def key(self) -> bytes | None:
        """The shared secret.

        Raises:
            DeployError: an address that others can reach has none, or it is unusable.
        """
        if self.key_file is None:
            if not self.loopback:
                raise DeployError(
                    f"link: {self} can be reached by others and has no key; allowed: loopback "
                    f"(127.0.0.1), or ?key-file=PATH on both ends"
                )
            return None
        try:
            key = self.key_file.read_bytes().strip()
        except OSError as error:
            raise DeployError(f"key-file: {self.key_file}: {error.strerror}") from error
        if len(key) < 16:
            raise DeployError(f"key-file: {self.key_file} holds {len(key)} bytes; allowed: from 16")
        return key


def parse_link(text: str) -> SimulatedRobot | Address:
    """What a link's text names.

    Raises:
        DeployError: the part that cannot be understood, and what is allowed.
    """
    if text.startswith("sim:"):
        return _simulated(text)
    scheme = text.partition("://")[0]
    if scheme not in _SCHEMES:
        kinds = "sim:ROBOT, udp://HOST:PORT, unix:///PATH, ros2://NAMESPACE, unitree://INTERFACE"
        raise DeployError(f"link: {text!r} is unknown; allowed: {kinds}")
    return parse_address(text)


def parse_address(text: str) -> Address:
    """Where a robot is reached, or listens.

    Raises:
        DeployError: the part that cannot be understood, and what is allowed.
    """
    if "#" in text:
        # What follows it would be dropped: a key file, for one, and packets be believed without.
        raise DeployError(f"link: {text!r} holds a '#'; allowed: none, in a path %23")
    try:
        parts = urlsplit(text)
        port = parts.port
        (parts.hostname or "").encode("idna")  # as the socket would, and fail
    except ValueError as error:
        raise DeployError(f"link: {text!r}: {error}; allowed: udp://HOST:PORT") from error
    if parts.scheme not in _SCHEMES:
        raise DeployError(f"link: {text!r} is unknown; allowed: udp://HOST:PORT, unix:///PATH")
    if "@" in parts.netloc:
        raise DeployError(f"link: {text!r} names a user; allowed: udp://HOST:PORT, unix:///PATH")
    options = _options(text, parts.query, ("key-file",))
    key_file = Path(options["key-file"]) if "key-file" in options else None
    if parts.scheme == "unix":
        if parts.netloc or not parts.path:
            raise DeployError(f"link: {text!r} names no socket; allowed: unix:///PATH")
        path = unquote(parts.path)
        refuse_zero(text, path)
        return Address("unix", path=path, key_file=key_file)
    if not parts.hostname or port is None or parts.path not in ("", "/"):
        raise DeployError(f"link: {text!r} names no host and port; allowed: udp://HOST:PORT")
    return Address("udp", host=parts.hostname, port=port, key_file=key_file)


def _simulated(text: str) -> SimulatedRobot:
    name, _, query = text.removeprefix("sim:").partition("?")
    options = _options(text, query, _SIM_OPTIONS)
    if not name:
        raise DeployError(f"link: {text!r} names no robot; allowed: sim:ROBOT")
    try:
        seed = int(options.get("seed", "0"))
    except ValueError:
        seed = -1
    if seed < 0:
        raise DeployError(f"seed: {options['seed']!r} in {text!r}; allowed: integers from 0")
    backend = options.get("backend", "mujoco")
    return SimulatedRobot(name, options.get("perturb", "none"), seed, backend)


def _options(text: str, query: str, allowed: tuple[str, ...]) -> Mapping[str, str]:
    # Perturbations are joined by "+", which a query string would read as a space.
    try:
        query = query.replace("+", "%2B")
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise DeployError(f"link: {text!r}: options are name=value, joined by &") from None
    for name, value in pairs:
        if name not in allowed:
            raise DeployError(f"link: option {name!r} in {text!r}; allowed: {', '.join(allowed)}")
        if not value:
            # A key file whose name got lost must not mean that none was asked for.
            raise DeployError(f"link: {name}= in {text!r} is empty; allowed: {name}=VALUE")
        refuse_zero(text, value)
    if len(dict(pairs)) != len(pairs):
        raise DeployError(f"link: {text!r} gives an option twice; allowed: once")
    return dict(pairs)


def refuse_zero(text: str, value: str) -> None:
    """Refuse a zero byte, `%00`, in a part of a link's text: no file can have one in its name.

    Raises:
        DeployError: there is one.
    """
    if "\0" in value:
        raise DeployError(f"link: {text!r} holds a zero byte (%00); allowed: none")
