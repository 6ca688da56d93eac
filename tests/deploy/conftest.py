"""What holds after every test of `deploy`: the process is as it was before."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator

import pytest


def _state() -> dict[str, object]:
    known: dict[str, object] = {"garbage collection": gc.isenabled()}
    if hasattr(os, "sched_getscheduler"):
        known |= {"scheduling": os.sched_getscheduler(0), "cores": os.sched_getaffinity(0)}
    return known


@pytest.fixture(autouse=True)
def _as_found() -> Iterator[None]:
    """A run in real time that was called as a function leaves nothing of it behind."""
    before = _state()
    yield
    assert _state() == before
