"""`adaptive-control simulate` in a process of its own, for tests."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["simulated_half_cheetah"]


@contextmanager
def simulated_half_cheetah() -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The robot's process, and the address where it listens; killed at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", "adaptive_control", "simulate", "half-cheetah",
         "--listen", "udp://127.0.0.1:0", "--quiet"],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        found = re.search(r"udp://[\d.:]+", process.stdout.readline())
        assert found is not None
        yield process, found.group()
    finally:
        if process.poll() is None:
            process.kill()
        process.stdout.close()
        process.wait()
