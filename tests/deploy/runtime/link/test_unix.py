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
from deploy.runtime.link.wire import Codec, Kind, Packet

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


@pytest.mark.parametrize("version", [1, 2])
def test_a_greeting_without_a_name_is_dropped_and_counted(tmp_path: Path, version: int) -> None:
    """No answer could reach it; for another version, the robot would have said so."""
    server = listen(tmp_path / "robot")
    hello = Codec(None).encode(Packet(Kind.HELLO, 0, 0, b"n" * 16))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as nameless:
        nameless.connect(str(tmp_path / "robot"))
        nameless.send(hello[:4] + bytes([version]) + hello[5:])
        nameless.send(hello)
        server.poll()
    assert server.counters == {"nameless": 2}
    server.close()


def test_a_robot_that_ends_leaves_the_socket_of_another_alone(tmp_path: Path) -> None:
    path = tmp_path / "robot"
    first = listen(path)
    path.unlink()  # somebody tidied up
    second = listen(path)
    first.close()
    assert path.is_socket()
    second.close()
    assert not path.exists()
