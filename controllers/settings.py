"""A planner as a file, `planner.toml`.

```toml
planner = "cem"
candidates = 200
horizon = 15
```

Settings that are not named keep their defaults.
"""

from __future__ import annotations

import os
import tempfile
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controllers.errors import PlannerError, require
from controllers.planner import SamplingPlanner
from controllers.registry import make_planner, planner_names
from controllers.text import parse_planner

__all__ = ["load_planner", "read_planner", "save_planner"]


def load_planner(source: str | Path) -> SamplingPlanner:
    """The planner that a text (`cem:candidates=200`) or a TOML file describes.

    Args:
        source: text, or the path of a file whose name ends in `.toml`.

    Raises:
        PlannerError: names the part that is wrong, and what is allowed.
    """
    if isinstance(source, Path) or source.strip().endswith(".toml"):
        return read_planner(Path(source))
    name = source.partition(":")[0]
    if "/" in name or os.sep in name:
        raise PlannerError(
            f"planner: {source}: no such file or folder; a file's name ends in .toml"
        )
    return parse_planner(source)


def read_planner(path: Path) -> SamplingPlanner:
    """The planner in a TOML file.

    Raises:
        PlannerError: the file cannot be read, is not TOML, or holds a setting that is not allowed.
    """
    try:
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PlannerError(f"planner file {path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PlannerError(f"planner file {path}: is not TOML ({error})") from None
    try:
        name = values.pop("planner", None)
        require(isinstance(name, str), "planner", name, ", ".join(planner_names()))
        return make_planner(name, **values)
    except PlannerError as error:
        raise PlannerError(f"planner file {path}: {error}") from None


def save_planner(path: str | Path, planner: SamplingPlanner) -> None:
    """Write `planner` to a TOML file, every setting spelled out; all of it or nothing.

    Raises:
        PlannerError: when the file cannot be written.
    """
    path = Path(path)
    lines = [f'planner = "{planner.name}"']
    for name, value in asdict(planner).items():
        lines.append(f'{name} = "{value}"' if isinstance(value, str) else f"{name} = {value!r}")
    temporary = None
    try:
        # In the same folder, so that the last step is a rename: readers see old or new, never half.
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write("\n".join(lines) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except OSError as error:
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)
        raise PlannerError(f"planner file {path}: cannot be written ({error.strerror})") from None
