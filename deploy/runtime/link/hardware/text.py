"""The text that names a real robot: `SCHEME://WHERE?config=FILE&...`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl

from deploy.errors import DeployError
from deploy.runtime.link.address import refuse_zero

__all__ = ["HardwareText", "parse_hardware"]


@dataclass(frozen=True)
class HardwareText:
    """What the text says.

    Attributes:
        text: as it was given.
        where: what stands between `://` and `?`.
        config: the wiring file.
        options: what else was given, by name.
    """

    text: str
    where: str
    config: Path
    options: Mapping[str, str]

    def one_of(self, name: str, *allowed: str) -> str:
        """An option with a few values, the first of which is the default.

        Raises:
            DeployError: another value.
        """
        value = self.options.get(name, allowed[0])
        if value not in allowed:
            raise DeployError(f"link: {name}={value} in {self.text!r}; allowed: {_join(allowed)}")
        return value


def parse_hardware(text: str, options: tuple[str, ...]) -> HardwareText:
    """Take a text apart.

    Args:
        text: `SCHEME://WHERE?config=FILE&...`.
        options: allowed beside `config`.

    Raises:
        DeployError: the part that cannot be understood, and what is allowed.
    """
    scheme, _, rest = text.partition("://")
    where, _, query = rest.partition("?")
    try:
        # A path may hold a "+", which a query string would read as a space.
        query = query.replace("+", "%2B")
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True) if query else []
    except ValueError:
        raise DeployError(f"link: {text!r}: options are name=value, joined by &") from None
    given = dict(pairs)
    for name, value in pairs:
        if name not in ("config", *options):
            allowed = _join(("config", *options))
            raise DeployError(f"link: option {name!r} in {text!r}; allowed: {allowed}")
        refuse_zero(text, value)
    if len(given) != len(pairs):
        raise DeployError(f"link: {text!r} gives an option twice; allowed: once")
    if "config" not in given:
        raise DeployError(f"link: {text!r} names no wiring; allowed: {scheme}://...?config=FILE")
    config = Path(given.pop("config"))
    return HardwareText(text, where, config, given)


def _join(words: tuple[str, ...]) -> str:
    return ", ".join(words)
