"""The Unix socket of a robot that was killed gives way; one that is alive does not."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.robot.server import RobotServer
from deploy.runtime.link.address import parse_address
from deploy.runtime.link.base import Channel, Channels

ROOT = Path(__file__).parents[4]
CHANNELS = Channels(
    "sled", 0.02, (Channel("x", "m", -1, 1),), (Channel("push", "1", -1, 1),), (0.0,)
)


def listen(path: Path) -> RobotServer:
    return RobotServer(parse_address(f"unix://{path}"), CHANNELS)


def simulate(path: Path, *options: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "adaptive_control", "simulate", "half-cheetah", "--quiet",
         "--listen", f"unix://{path}", *options],
        cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_a_killed_robot_leaves_a_socket_that_the_next_one_takes(tmp_path: Path) -> None:
    path = tmp_path / "robot"
    killed = simulate(path)
    assert killed.stdout is not None
    assert "listens at" in killed.stdout.readline()
    second = simulate(path)
    _, errors = second.communicate(timeout=60)
    assert second.returncode == 2
    assert errors == f"error: listen: unix://{path}: a robot listens there; allowed: another path\n"
    killed.send_signal(signal.SIGKILL)
    killed.communicate()
    assert path.is_socket(), "nobody could tidy up"
    again = simulate(path, "--seconds", "0.1")
    output, _ = again.communicate(timeout=60)
    assert again.returncode == 0
    assert "listens at" in output
    assert not path.exists()


def test_a_live_socket_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "robot"
    first = listen(path)
    before = os.stat(path).st_ino
    with pytest.raises(DeployError, match="a robot listens there") as refused:
        listen(path)
    assert "\n" not in str(refused.value)
    assert os.stat(path).st_ino == before
    first.close()
    listen(path).close()


def test_somebody_elses_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as other:
        other.bind(str(path))
        other.listen()
        with pytest.raises(DeployError, match=r"listen: unix://.*/other: "):
            listen(path)
    assert path.is_socket()


@pytest.mark.parametrize("kind", ["file", "folder", "link"])
def test_what_is_no_socket_is_never_removed(tmp_path: Path, kind: str) -> None:
    path, precious = tmp_path / "robot", tmp_path / "precious"
    precious.write_text("mine")
    if kind == "folder":
        path.mkdir()
    elif kind == "file":
        path.write_text("mine")
    else:
        path.symlink_to(precious)
    with pytest.raises(DeployError, match="exists and is no socket"):
        listen(path)
    assert os.path.lexists(path)
    assert precious.read_text() == "mine"
