"""Packages of others, as they lie where Python finds what is installed."""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

Install = Callable[[str, dict[str, dict[str, str]]], None]
"""Given a package's name and its entry points by group; the fixture `install`."""


def write_entry_points(folder: Path, name: str, groups: dict[str, dict[str, str]]) -> None:
    """What an installer leaves in `folder` for a package, besides its code."""
    about = folder / f"{name.replace('-', '_')}-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    lines = []
    for group, points in groups.items():
        lines += [f"[{group}]", *(f"{key} = {value}" for key, value in points.items())]
    (about / "entry_points.txt").write_text("\n".join(lines))


def write_package(page: Path, folder: Path, install: Install, package: str) -> int:
    """Write and install the package whose files and pyproject.toml stand on a page of the docs.

    Returns:
        How many files it has.
    """
    text = page.read_text(encoding="utf-8")
    blocks = re.findall(rf"`{package}/(\w+\.py)`[^`]*?```python\n(.*?)```", text, flags=re.DOTALL)
    (folder / package).mkdir()
    for name, block in blocks:
        (folder / package / name).write_text(block)
    (project,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    about = tomllib.loads(project)["project"]
    install(about["name"], about["entry-points"])
    return len(blocks)


def unload(package: str) -> None:
    """Its modules are read again when they are next imported."""
    for name in [name for name in sys.modules if name.split(".")[0] == package]:
        del sys.modules[name]


def forget() -> None:
    """What was read of installed packages is read again."""
    # Not at the top: importing them belongs after the hook that checks shapes.
    from adaptive_control import methods
    from adaptive_control.suites import installed
    from robots import get_robot, registry

    for kept in (get_robot, registry._known, installed.all_suites, methods._known):
        kept.cache_clear()
