"""Who is at the terminal, what they say, and what they see."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from deploy.runtime.loop.board import Board, open_board
from deploy.runtime.loop.terminal import Terminal
from deploy.runtime.loop.view import picture_of
from tests.deploy.runtime.loop.fakes import Voice, limits, rig

ROOT = Path(__file__).parents[4]


def test_a_terminal_is_listened_to_line_by_line() -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "r") as stream:
        terminal = Terminal(stream)
        assert terminal.present
        assert terminal.word() == ""
        os.write(ours, b"no\nARM \nst")
        words = {terminal.word() for _ in range(3)}
        assert "arm" in words
        os.write(ours, b"op\n")
        assert "stop" in {terminal.word() for _ in range(3)}
    os.close(ours)


def test_a_pipe_is_nobody() -> None:
    read, write = os.pipe()
    with os.fdopen(read) as stream:
        terminal = Terminal(stream)
        os.write(write, b"arm\n")
        assert not terminal.present
        assert terminal.word() == ""
    os.close(write)
    assert not Terminal(stream).present, "closed"


BACKGROUND = """
import errno, os, pty, sys, time
from deploy.runtime.loop.terminal import Terminal, _read

pid, ours = pty.fork()
if pid == 0:  # a shell, and a job that it starts in the background
    answer, asked = os.pipe()
    job = os.fork()
    if job == 0:
        os.setpgid(0, 0)
        terminal = Terminal()
        os.write(asked, b"ready")
        while not os.path.exists(sys.argv[1]):
            time.sleep(0.01)
        told = [terminal.present, terminal.word()]
        try:
            _read(0)
        except OSError as error:
            told.append(errno.errorcode[error.errno])
        os.write(asked, repr(told).encode())
        os._exit(0)
    os.close(asked)
    os.read(answer, 100)
    os.write(1, b"READY")
    _, status = os.waitpid(job, os.WUNTRACED)
    stopped = os.WIFSTOPPED(status)
    if stopped:
        os.kill(job, 9)
    told = b"" if stopped else os.read(answer, 100)
    os.write(1, b"RESULT stopped " if stopped else b"RESULT " + told + b" END")
    os._exit(0)
heard = b""
while b"READY" not in heard:
    heard += os.read(ours, 1000)
os.write(ours, b"ls\\n")
time.sleep(0.2)
open(sys.argv[1], "w").close()
try:
    while b"END" not in heard:
        heard += os.read(ours, 1000)
except OSError:
    pass
print(heard.decode())
"""


def test_in_the_background_nobody_is_there_and_nothing_stops(tmp_path: Path) -> None:
    """A line that is typed for the shell stops a job that reads the terminal."""
    done = subprocess.run(
        [sys.executable, "-c", BACKGROUND, str(tmp_path / "typed")],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert "RESULT [False, '', 'EIO'] END" in done.stdout


def test_a_terminal_that_hangs_up_is_gone() -> None:
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "r") as stream:
        terminal = Terminal(stream)
        os.close(ours)
        assert terminal.word() == ""
        assert not terminal.present


def test_the_view_shows_mode_reason_and_times() -> None:
    made = rig(lambda o: [] if o.sequence > 40 else [(0, o)], ticks=60, person=Voice({}))
    board = Board(limits(), made.accounts)
    made.session._sinks.append(board)
    made.run()
    _, ring = open_board(board.memory.descriptor)
    picture = ring.read(ring.head - 1)
    assert picture is not None
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    with console.file:
        console.print(picture_of(picture))
    text = console.export_text()
    assert "STOP" in text
    assert "none arrived" in text
    assert "50.0 of 50.0 Hz" in text
    assert "p99" in text
