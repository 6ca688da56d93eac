"""A folder in which another process is at work, and one whose process died there."""

from __future__ import annotations

import errno
import fcntl
import subprocess
import sys
from pathlib import Path

import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.lock import alone


def other_process(folder: Path) -> subprocess.Popen[bytes]:
    """One that has the folder's lock."""
    code = (
        "import sys; from pathlib import Path\n"
        "from adaptive_control.lock import alone\n"
        f"with alone(Path({str(folder)!r}), 'reading'):\n"
        "    print('mine', flush=True); sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"mine\n"
    return process


def test_a_folder_is_one_process_s_until_it_dies(tmp_path: Path) -> None:
    folder = tmp_path / "not" / "there yet"
    process = other_process(folder)
    refused = pytest.raises(
        AdaptiveControlError, match=r"^out: another process is writing in .*yet$"
    )
    with refused, alone(folder, "writing"):
        pytest.fail("two in one folder")
    process.kill()
    process.communicate()
    with alone(folder, "writing"):
        pass


def test_it_is_free_again_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(KeyError), alone(tmp_path, "reading"):
        raise KeyError
    with alone(tmp_path, "reading"):
        pass


def test_where_a_drive_has_no_locks_nobody_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with alone(tmp_path, "reading"):
        assert (tmp_path / ".lock").exists()
