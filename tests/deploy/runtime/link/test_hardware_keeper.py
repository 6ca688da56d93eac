"""The keeper: what the motors hear, and that nothing but its end silences it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.errors import DeployError
from deploy.runtime.link.hardware.keeper import Keeper, Order, keep, pack, unpack
from deploy.runtime.link.hardware.process import KeeperProcess


class Heard:
    """A sink that remembers."""

    period_s, parting_s = 0.01, 0.05

    def __init__(self):
        self.words = []
        self.closed = False

    def apply(self, order, now_ns):
        self.words.append(("command", float(order.values[0]), now_ns))

    def again(self, now_ns):
        self.words.append(("again", None, now_ns))

    def safe(self, now_ns):
        self.words.append(("safe", None, now_ns))

    def close(self):
        self.closed = True

    @property
    def kinds(self):
        return [word for word, _, _ in self.words]


@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20), st.integers(0, 2**62))
def test_commands_survive_the_socket(values, number):
    got = unpack(pack(Order(np.array(values), number, number + 1, number + 2)))
    np.testing.assert_array_equal(got.values, values)
    assert (got.valid_for_ns, got.period, got.since_ns) == (number, number + 1, number + 2)


def test_periods_go_on_below_a_command():
    order = Order(np.zeros(1), 0, period=7, since_ns=1000)
    periods = [order.period_at(now, dt_ns=20) for now in (990, 1000, 1019, 1020, 1061)]
    assert periods == [7, 7, 7, 8, 10]


def test_nothing_is_said_before_the_first_command():
    heard = Heard()
    keeper = Keeper(heard)
    for now in range(5):
        keeper.repeat(now)
    keeper.part(6)
    assert heard.words == []
    assert not keeper.commanded


def test_a_command_holds_until_it_expires_and_a_new_one_takes_over():
    heard = Heard()
    keeper = Keeper(heard)
    keeper.command(Order(np.array([0.5]), 100), 1000)
    for now in (1050, 1100, 1101, 1200):
        keeper.repeat(now)
    keeper.command(Order(np.array([0.7]), 100), 1300)
    keeper.repeat(1310)
    keeper.part(1320)
    keeper.repeat(1330)
    expected = ["command", "again", "again", "safe", "safe", "command", "again", "safe", "safe"]
    assert heard.kinds == expected


def served(heard):
    """A keeper in a thread, and the shield's end of its socket."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    thread = threading.Thread(target=keep, args=(theirs, heard))
    thread.start()
    return ours, theirs, thread


def until(holds, seconds=5.0):
    end = time.monotonic() + seconds
    while not holds() and time.monotonic() < end:
        time.sleep(0.002)
    assert holds()


def test_the_newest_of_what_waits_is_obeyed_and_silence_is_safe():
    heard = Heard()
    ours, theirs, thread = served(heard)
    for value in (0.1, 0.2, 0.3):
        ours.send(pack(Order(np.array([value]), 30_000_000)))
    until(lambda: "safe" in heard.kinds)
    commands = [value for word, value, _ in heard.words if word == "command"]
    assert commands[-1] == 0.3
    assert heard.kinds.index("safe") > heard.kinds.index("command")
    ours.close()
    thread.join(5.0)
    assert heard.closed
    theirs.close()


def test_when_the_shield_is_gone_the_safe_action_is_the_last_word():
    heard = Heard()
    ours, theirs, thread = served(heard)
    ours.send(pack(Order(np.array([0.1]), 60 * 10**9)))  # it would hold for a minute
    until(lambda: "command" in heard.kinds)
    ours.close()
    thread.join(5.0)
    assert heard.closed
    assert heard.kinds[-1] == "safe"
    assert heard.kinds.count("safe") >= 2
    theirs.close()


def test_a_sink_that_fails_lets_go():
    class Failing(Heard):
        def apply(self, order, now_ns):
            raise RuntimeError("the bus is gone")

    heard = Failing()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.send(pack(Order(np.array([0.1]), 10**9)))
    with pytest.raises(RuntimeError, match="bus"):
        keep(theirs, heard)
    assert heard.kinds[-1] == "safe"
    assert heard.closed
    ours.close()
    theirs.close()


# In a process of its own.

SINK = """
import json, time

class Sink:
    period_s, parting_s = 0.01, 0.1
    def __init__(self, path):
        self.log = open(path, "a", buffering=1)
    def say(self, word, value=None):
        self.log.write(json.dumps([word, value]) + "\\n")
    def apply(self, order, now_ns): self.say("command", float(order.values[0]))
    def again(self, now_ns): self.say("again")
    def safe(self, now_ns): self.say("safe")
    def close(self): self.say("closed")

def broken(path):
    raise RuntimeError("no such robot")
"""


@pytest.fixture
def words(tmp_path, monkeypatch):
    (tmp_path / "a_sink.py").write_text(SINK)
    monkeypatch.syspath_prepend(str(tmp_path))
    path = tmp_path / "words"

    def read():
        return [json.loads(line)[0] for line in path.read_text().splitlines()]

    read.path = str(path)
    return read


def test_the_process_obeys_and_parts(words):
    keeper = KeeperProcess("a_sink:Sink", {"path": words.path})
    assert keeper.send(Order(np.array([0.25]), 30_000_000))
    until(lambda: "safe" in words())
    keeper.close()
    assert words()[0] == "command"
    assert words()[-2:] == ["safe", "closed"]


def test_a_sink_that_cannot_be_made_says_why(words):
    with pytest.raises(DeployError, match="no such robot"):
        KeeperProcess("a_sink:broken", {"path": words.path})


def test_a_keeper_that_was_killed_is_noticed(words):
    keeper = KeeperProcess("a_sink:Sink", {"path": words.path})
    os.kill(keeper.pid, signal.SIGKILL)
    keeper._process.wait(5.0)
    with pytest.raises(DeployError, match="nobody keeps the robot"):
        keeper.send(Order(np.array([0.25]), 30_000_000))
    keeper.close()


SHIELD = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored by what runs in the background
sys.path.insert(0, sys.argv[1])
import numpy as np
from deploy.runtime.link.hardware.keeper import Order
from deploy.runtime.link.hardware.process import KeeperProcess
keeper = KeeperProcess("a_sink:Sink", {"path": sys.argv[2]})
keeper.send(Order(np.array([0.25]), 60 * 10**9))
print("sent", flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT])
def test_whoever_sent_is_killed_and_the_robot_is_made_safe(words, how):
    folder = str(Path(words.path).parent)
    shield = subprocess.Popen(
        [sys.executable, "-c", SHIELD, folder, words.path],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[4],
    )  # fmt: skip
    assert shield.stdout is not None
    assert shield.stdout.readline() == b"sent\n"
    until(lambda: "command" in words())
    shield.send_signal(how)
    shield.wait(10.0)
    until(lambda: words()[-1] == "closed")
    assert words()[-2] == "safe"
    shield.stdout.close()
