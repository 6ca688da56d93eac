"""Set-up shared by all tests."""

from __future__ import annotations

from hypothesis import settings
from jaxtyping import install_import_hook

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
