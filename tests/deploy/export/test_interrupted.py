"""An export that is stopped in the middle leaves nothing half-written, and an old bundle whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.deploy.bundles import bundle_path, copy_of

ROOT = Path(__file__).parents[3]


@contextmanager
def exporting(out: Path) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, once it has begun to write."""
    # A shell that starts its children in the background lets them ignore Ctrl-C.
    code = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from adaptive_control.cli.main import main; sys.exit(main(sys.argv[1:]))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "export", "half-cheetah/mb", "--out", str(out)],
        cwd=ROOT, env={**os.environ, "OMP_NUM_THREADS": "1"}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        end = time.monotonic() + 300
        while not list(out.parent.glob(f".{out.name}.*")):
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end, "it never began to write"
            time.sleep(0.002)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "status", "replaces"),
    [(signal.SIGTERM, 143, False), (signal.SIGTERM, 143, True), (signal.SIGINT, 130, False)],
)
def test_a_signal_leaves_nothing_half_written(
    tmp_path: Path, number: signal.Signals, status: int, replaces: bool
) -> None:
    out = tmp_path / "bundle"
    older = contents(copy_of(bundle_path("mb"), tmp_path)) if replaces else {}
    with exporting(out) as process:
        process.send_signal(number)
        output, errors = process.communicate(timeout=120)
    assert process.returncode == status, output + errors
    assert "Traceback" not in errors
    assert [path.name for path in tmp_path.iterdir()] == (["bundle"] if replaces else [])
    assert contents(out) == older


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.glob("*")}
