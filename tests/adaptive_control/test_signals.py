"""Signals from outside, of which a command cleans up after itself."""

from __future__ import annotations

import os
import signal
from types import SimpleNamespace

import pytest

from adaptive_control.cli import main as program
from adaptive_control.signals import Ended, ends_cleanly, uninterrupted


def test_signals_wait_while_names_are_exchanged() -> None:
    done = []

    def rename() -> None:
        with uninterrupted():
            os.kill(os.getpid(), signal.SIGTERM)
            done.append("renamed")
        done.append("never")

    with ends_cleanly(), pytest.raises(Ended) as ended:
        rename()
    assert ended.value.status == 143
    assert done == ["renamed"]


def test_what_is_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with ends_cleanly(), uninterrupted():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_a_command_that_is_told_to_end_unwinds(
    number: signal.Signals,
    status: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    left = []
    before = signal.signal(number, signal.SIG_DFL)  # under nohup one of them is ignored

    def run(arguments: list[str]) -> None:
        try:
            os.kill(os.getpid(), number)
            raise AssertionError("it went on")
        finally:
            left.append("cleaned up")

    command = SimpleNamespace(run=run)
    monkeypatch.setattr(program.importlib, "import_module", lambda name: command)
    try:
        assert program.main(["robots"]) == status
    finally:
        signal.signal(number, before)
    assert left == ["cleaned up"]
    assert capsys.readouterr().err == "interrupted\n"
