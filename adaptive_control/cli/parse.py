"""From arguments to a frozen dataclass, by tyro; also from a configuration that a run saved.

Every command takes `--config FILE`, a `config.json` from an earlier run: its values become the
defaults, and options given beside it win.
"""

from __future__ import annotations

import inspect
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import tyro

from adaptive_control.errors import AdaptiveControlError

__all__ = ["parse"]

Config = TypeVar("Config")

_WIDE = "10000"
"""Columns at which no message is wrapped."""

_CONFIG_HELP = "--config FILE starts from the config.json of an earlier run."


def parse(
    config: type[Config],
    arguments: Sequence[str],
    command: str,
    positional: Sequence[str] = (),
) -> Config:
    """The configuration that `arguments` ask for.

    Args:
        config: a flat frozen dataclass with defaults; its docstrings are the help.
        arguments: what follows the command.
        command: its name, for messages.
        positional: fields of `config` that tyro takes without their name.

    Raises:
        AdaptiveControlError: arguments or saved configuration cannot be understood.
        SystemExit: status 0, after printing the help that was asked for.
    """
    arguments, saved = _take_config(list(arguments))
    if saved is None:
        return _parse(config, arguments, command, config())
    as_arguments = _as_arguments(config, saved, positional)
    default = _parse(config, as_arguments, f"{command} --config {saved}", config())
    return _parse(config, arguments, command, default)


def _parse(config: type[Config], arguments: list[str], command: str, default: Config) -> Config:
    # tyro prints its own errors, in a box as wide as the terminal; we want the words in one line.
    asks_help = "-h" in arguments or "--help" in arguments
    columns = os.environ.get("COLUMNS")
    box = io.StringIO()
    try:
        if not asks_help:
            os.environ["COLUMNS"] = _WIDE
        with redirect_stderr(box):
            return tyro.cli(
                config, prog=f"adaptive-control {command}", args=arguments, default=default,
                description=_described(config),
            )  # fmt: skip
    except SystemExit as stop:
        if not stop.code:
            raise
    finally:
        if columns is None:
            os.environ.pop("COLUMNS", None)
        else:
            os.environ["COLUMNS"] = columns
    words = _words(box.getvalue()).removeprefix(f"Error parsing {config.__name__}: ")
    raise AdaptiveControlError(f"{command}: {words}")


def _described(config: type) -> str:
    """What the help begins with; how to begin with a saved configuration, where one is saved."""
    saves = any(field.name == "out" for field in fields(config))
    return f"{inspect.getdoc(config)}\n\n{_CONFIG_HELP}" if saves else inspect.getdoc(config) or ""


def _words(box: str) -> str:
    """What a box says: its first part, and what it suggests instead, in one line."""
    parts: list[list[str]] = [[]]
    for line in re.sub(r"\x1b\[[0-9;]*m", "", box).splitlines():
        text = line.strip("│ ").strip()
        if set(text) in ({"─"}, {"-"}):
            parts.append([])
        elif text and text[0] not in "╭╰":
            parts[-1].append(text)
    if len(parts) > 1 and len(parts[0]) == 1 and ":" not in parts[0][0]:
        del parts[0]  # the title, where the box is drawn in ASCII
    said = " ".join(parts[0])
    for part in parts[1:]:
        if part and part[0].startswith("Perhaps you meant"):
            said += f"; perhaps you meant {part[1]}"
    return said


def _take_config(arguments: list[str]) -> tuple[list[str], Path | None]:
    """The arguments without `--config FILE`, and FILE."""
    rest, path = [], None
    remaining = iter(arguments)
    for argument in remaining:
        name, equals, value = argument.partition("=")
        if name != "--config":
            rest.append(argument)
            continue
        value = value if equals else next(remaining, "")
        if not value:
            raise AdaptiveControlError("config: --config needs the path of a config.json")
        path = Path(value)
    return rest, path


def _as_arguments(config: type, path: Path, positional: Sequence[str]) -> list[str]:
    """A saved configuration as the arguments that would give it, so that tyro checks it."""
    try:
        saved = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise AdaptiveControlError(f"config: {path} cannot be read ({error})") from error
    if not isinstance(saved, Mapping):
        raise AdaptiveControlError(f"config: {path} holds no table of settings")
    known = {field.name for field in fields(config)}
    unknown = sorted(set(saved) - known)
    if unknown:
        raise AdaptiveControlError(
            f"config: {path} has {', '.join(unknown)}; allowed: {', '.join(sorted(known))}"
        )
    arguments: list[str] = []
    for name in positional:
        if name in saved:
            value = saved[name]
            arguments += [str(item) for item in (value if isinstance(value, list) else [value])]
    for name, value in saved.items():
        if name not in positional:
            arguments += _option(name, value)
    return arguments


def _option(name: str, value: Any) -> list[str]:
    name = name.replace("_", "-")
    if isinstance(value, bool):
        return [f"--{name}" if value else f"--no-{name}"]
    if isinstance(value, list):
        return [f"--{name}", *(str(item) for item in value)]
    return [f"--{name}={value}"]
