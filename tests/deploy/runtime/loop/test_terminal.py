"""Who is at the terminal, what they say, and what they see."""

from __future__ import annotations

import os

from rich.console import Console

from deploy.runtime.loop.board import Board, open_board
from deploy.runtime.loop.terminal import Terminal
from deploy.runtime.loop.view import picture_of
from tests.deploy.runtime.loop.fakes import Voice, limits, rig


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
