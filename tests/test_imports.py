"""Who may import whom (docs/decisions/0001), and what an import must not pull in."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("adaptive_control", "controllers", "deploy", "robots")
HEAVY = ("gymnasium", "jax", "mujoco", "onnx", "optuna", "pybullet", "ray", "torch", "viser")

# What people start stands on what learns and plans, never on each other.
_LEARNS = tuple(
    f"adaptive_control.{name}"
    for name in (
        "__version__", "adaptation", "dynamics", "errors", "files", "lock", "methods",
        "planning", "pretrained", "suites", "threads", "training",
    )
)  # fmt: skip
_STARTED = ((*_LEARNS, "adaptive_control.episodes", "controllers", "robots"), ())

# A module follows the row with the longest name that holds it. Each row: what of ours it may import
# besides its own row, and what of others it may not. What else is ours is forbidden.
RULES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "adaptive_control": (
        (
            "adaptive_control.adaptation",
            "adaptive_control.dynamics",
            "adaptive_control.entry_points",
            "adaptive_control.errors",
            "adaptive_control.files",
            "adaptive_control.methods",
            "controllers",
            "robots",
        ),
        (),
    ),
    "adaptive_control.errors": ((), HEAVY),
    "adaptive_control.files": ((), HEAVY),
    "adaptive_control.lock": (("adaptive_control.errors",), HEAVY),
    "adaptive_control.entry_points": (("adaptive_control.errors",), HEAVY),
    "adaptive_control.methods": (
        ("adaptive_control.entry_points", "adaptive_control.errors"),
        HEAVY,
    ),
    "adaptive_control.dynamics": (
        ("adaptive_control.adaptation", "adaptive_control.errors", "adaptive_control.methods"),
        ("mujoco", "gymnasium"),
    ),
    "adaptive_control.adaptation": (
        ("adaptive_control.dynamics", "adaptive_control.errors"),
        ("mujoco", "gymnasium"),
    ),
    "adaptive_control.training": (
        (
            "adaptive_control.dynamics",
            "adaptive_control.errors",
            "adaptive_control.files",
            "adaptive_control.lock",
            "adaptive_control.methods",
            "adaptive_control.planning",
            "adaptive_control.pretrained",  # what a fit may begin with
            "adaptive_control.suites",
            "controllers",
            "robots",
        ),
        (),
    ),
    "adaptive_control.episodes": ((*_LEARNS, "controllers", "robots"), ()),
    "adaptive_control.demo": _STARTED,
    "adaptive_control.evaluation": _STARTED,
    "adaptive_control.live": _STARTED,
    "adaptive_control.tune": _STARTED,
    "adaptive_control.cli": (OURS, ()),
    "adaptive_control.__main__": (("adaptive_control.cli",), ()),
    "controllers": ((), HEAVY),
    "robots": ((), ("torch",)),
    "deploy": ((), HEAVY),
    "deploy.errors": ((), HEAVY),
    "deploy.export": (("adaptive_control", "controllers", "deploy", "robots"), ()),
    "deploy.robot": (("deploy.errors", "deploy.runtime", "robots"), ("torch",)),
    "deploy.runtime": (("controllers", "deploy.errors"), HEAVY),
}


def modules() -> Iterator[tuple[str, Path]]:
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def imported(tree: ast.AST, module: str, is_package: bool) -> Iterator[str]:
    """Absolute names of all that a module imports, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = module.split(".")
                up = up[: len(up) - node.level + is_package]
                base = ".".join([*up, *([base] if base else [])])
            # `from package import name` may import the module package.name.
            yield from (f"{base}.{alias.name}" for alias in node.names)


def inside(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def row(module: str) -> str:
    return max((rule for rule in RULES if inside(module, rule)), key=len)


def violations(module: str, names: Iterator[str]) -> list[str]:
    allowed, forbidden = RULES[row(module)]
    found = []
    for name in names:
        if name.split(".")[0] not in OURS:
            wrong = any(inside(name, package) for package in forbidden)
        else:
            same_row = row(name) == row(module)
            wrong = not same_row and not any(inside(name, package) for package in allowed)
        if wrong:
            found.append(name)
    return found


@pytest.mark.parametrize(("module", "path"), list(modules()), ids=[name for name, _ in modules()])
def test_imports_point_in_the_allowed_direction(module: str, path: Path) -> None:
    names = imported(ast.parse(path.read_text()), module, path.name == "__init__.py")
    assert not violations(module, names), f"{module} must not import these"


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("robots.spec", "import controllers"),
        ("adaptive_control.demo.run", "from adaptive_control.evaluation import metrics"),
        ("adaptive_control.training.loop", "from adaptive_control.episodes import run_episodes"),
        ("robots.spec", "from adaptive_control.errors import AdaptiveControlError"),
        ("controllers.cem", "import torch"),
        ("controllers.cem", "def f():\n    from robots import get_robot"),
        ("adaptive_control.dynamics.mb", "from adaptive_control.training import train"),
        ("adaptive_control.dynamics.mb", "from ..training import train"),
        ("adaptive_control.adaptation.gradient", "import controllers"),
        ("adaptive_control.training.fit", "from adaptive_control.cli import main"),
        ("adaptive_control.demo.run", "import deploy.export"),
        ("deploy.runtime.loop", "import torch.nn"),
        ("deploy.runtime.loop", "from adaptive_control import errors"),
    ],
)
def test_the_check_finds_what_is_wrong(module: str, source: str) -> None:
    assert violations(module, imported(ast.parse(source), module, is_package=False))


@pytest.mark.parametrize(
    "module", ["adaptive_control.cli.main", "adaptive_control.errors", "controllers", "deploy"]
)
def test_a_light_import_pulls_in_nothing_heavy(module: str) -> None:
    code = f"import {module}, sys; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
