"""A class of models says what it is, or is refused where it is looked up."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import pytest

from adaptive_control.dynamics import DYNAMICS, registry
from adaptive_control.errors import AdaptiveControlError


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        ({"alone": True}, "has adapts=None; allowed: True, False"),
        ({"adapts": True}, "has alone=None; allowed: True, False"),
        ({"adapts": "yes", "alone": True}, "has adapts='yes'; allowed: True, False"),
    ],
)
def test_a_class_without_its_flags_is_refused(
    monkeypatch: pytest.MonkeyPatch, flags: dict[str, object], message: str
) -> None:
    module = ModuleType("new_rules")
    module.New = type("New", (), {"kind": "new", **flags})  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "new_rules", module)
    monkeypatch.setattr(
        registry, "METHODS", {"new": SimpleNamespace(implementation="new_rules:New")}
    )
    with pytest.raises(AdaptiveControlError, match=f"method 'new': new_rules:New {message}"):
        DYNAMICS["new"]
