"""What commands print first: the settings of a run."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from rich.console import Console

__all__ = ["print_config", "terminal"]


def terminal() -> Console:
    """Standard output; colours and moving bars only where they can be shown.

    Text is shown as it is: `[s]` is a unit, and no name of a robot or a file is taken for markup.
    """
    return Console(highlight=False, markup=False)


def print_config(console: Console, config: Any) -> None:
    """Print a configuration, one setting a line."""
    names = [field.name for field in fields(config)]
    width = max(map(len, names))
    for name in names:
        text = f"{name.replace('_', '-'):<{width}}  {_as_text(getattr(config, name))}"
        console.print(text, style="dim", markup=False, soft_wrap=True)


def _as_text(value: Any) -> str:
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    return "-" if value is None else str(value)
