"""Set-up shared by all tests."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from jaxtyping import install_import_hook

from tests.installed import Install, forget, write_entry_points

# Shapes and types of the public mathematics are checked by beartype, in tests only. The hook acts
# on modules imported after it, and conftest is imported before any test.
install_import_hook(
    ["controllers", "adaptive_control.adaptation", "adaptive_control.dynamics"],
    "beartype.beartype",
)

# The same examples on every run; no deadline, since how long one takes says more about what else
# the machine does.
settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package's name and entry points where Python finds what is installed."""

    def installs(name: str, groups: dict[str, dict[str, str]]) -> None:
        write_entry_points(tmp_path, name, groups)
        importlib.invalidate_caches()
        forget()

    monkeypatch.syspath_prepend(tmp_path)
    yield installs
    monkeypatch.undo()  # what is on the path must be gone before it is looked for again
    forget()
