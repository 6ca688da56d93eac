"""Packets cut, damaged, forged and replayed on their way, under the whole loop."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deploy.runtime.link.base import Command
from deploy.runtime.link.messages import pack_command, pack_observation, unpack_observation
from deploy.runtime.link.wire import Codec, Kind
from deploy.runtime.loop.record import Mode
from tests.deploy.runtime.loop.fakes import SAFE, A, Rig, Robot, Voice, rig, run_logged
from tests.deploy.runtime.loop.wire import Meddle, Wire, untouched

ONSET, HOLD_TICKS = 60, 5
VALID_TICKS, DEAF = 3, 10


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "key"
    path.write_bytes(b"0123456789abcdef")
    return path


@pytest.fixture
def wires() -> Iterator[list[Wire]]:
    made: list[Wire] = []
    yield made
    for wire in made:
        wire.close()


def run(
    wires: list[Wire], down: Meddle = untouched, up: Meddle = untouched, key: Path | None = None,
    *, reflect_from: int | None = None,
) -> Rig:  # fmt: skip
    """Run to the end with somebody present; the log is whole, and no bad command may leave."""

    def wrap(robot: Robot) -> Wire:
        wires.append(Wire(robot, down, up, key, reflect_from))
        return wires[-1]

    made = rig(wrap=wrap, person=Voice({}))
    run_logged(made)
    assert set(made.modes()[5:ONSET]) == {Mode.NOMINAL}, "all is well before the fault"
    return made


def at_onset(change: Meddle, count: int = 10**6) -> Meddle:
    def meddle(number: int, datagram: bytes) -> Sequence[bytes]:
        touched = ONSET <= number < ONSET + count
        return change(number, datagram) if touched else [datagram]

    return meddle


def halved(number: int, datagram: bytes) -> Sequence[bytes]:
    return [datagram[: len(datagram) // 2]]


def flipped(number: int, datagram: bytes) -> Sequence[bytes]:
    place = 24 + number % (len(datagram) - 24)  # the header says what it is, its length, for whom
    return [datagram[:place] + bytes([datagram[place] ^ 4]) + datagram[place + 1 :]]


class Recorder:
    """Delivers what comes, and beside it, in turns before and after, what came ten packets ago."""

    def __init__(self) -> None:
        self.kept: list[bytes] = []

    def __call__(self, number: int, datagram: bytes) -> Sequence[bytes]:
        self.kept.append(datagram)
        if number < ONSET:
            return [datagram]
        old = self.kept[number - 10]
        return [datagram, old] if number % 2 else [old, datagram]


def forged(number: int, datagram: bytes) -> Sequence[bytes]:
    """Beside the genuine one, one of a newer number from somebody with another key."""
    packet = Codec(None).decode(datagram[:-16] + zlib.crc32(datagram[:-16]).to_bytes(4, "little"))
    assert not isinstance(packet, str)
    if packet.kind is Kind.COMMAND:
        false = pack_command(Command(10**6, 0, 0, 10**10, np.full(A, 0.9, np.float32)))
    else:
        genuine = unpack_observation(packet.payload, 0)
        false = pack_observation(replace(genuine, sequence=10**6, values=genuine.values + 5))
    bad = replace(packet, number=packet.number + 1, payload=false)
    return [Codec(b"guessed-guessed-").encode(bad), datagram, Codec(None).encode(bad)]


def nominal_throughout(made: Rig) -> None:
    assert set(made.modes()[5:]) == {Mode.NOMINAL}
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)


@pytest.mark.parametrize(("harm", "keyed", "why"), [
    (halved, False, "cut"), (halved, True, "cut"),
    (flipped, False, "checksum"), (flipped, True, "forged"),
])  # fmt: skip
def test_observations_that_arrive_damaged_are_observations_lost(
    wires: list[Wire], key: Path, harm: Meddle, keyed: bool, why: str
) -> None:
    made = run(wires, down=at_onset(harm, 25), key=key if keyed else None)
    modes, safe = made.modes(), made.first(Mode.SAFE)
    assert set(modes[ONSET : ONSET + HOLD_TICKS]) == {Mode.HOLD}
    assert (safe.tick, safe.reason) == (ONSET + HOLD_TICKS, "observation: none arrived")
    assert modes[-1] is Mode.STOP, "sound again since long, and nobody armed it"
    assert made.log.records[-1].usable
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)
    assert dict(wires[0].link.counters) == {why: 25}


@pytest.mark.parametrize(("harm", "keyed", "why"), [
    (halved, False, "cut"), (flipped, False, "checksum"), (flipped, True, "forged"),
])  # fmt: skip
def test_commands_that_arrive_damaged_end_on_the_robots_watchdog_and_in_stop(
    wires: list[Wire], key: Path, harm: Meddle, keyed: bool, why: str
) -> None:
    made = run(wires, up=at_onset(harm, 40), key=key if keyed else None)
    wire, robot = wires[0], made.robot
    assert wire.server.counters == {why: 40}
    safe = made.first(Mode.SAFE)
    assert ONSET + DEAF <= safe.tick <= ONSET + DEAF + VALID_TICKS + 2
    assert "link: the robot has taken its own safe action for 10" in safe.reason
    assert made.modes()[-1] is Mode.STOP
    # It hears us again, and still moves no more: nobody armed it.
    heard = [command for command in robot.commands if command.sequence >= ONSET + 40]
    assert len(heard) > 10
    assert all((command.values == SAFE).all() for command in heard)
    lost = [record for record in made.log.records if ONSET + 6 < record.tick < ONSET + 38]
    assert all((record.applied == SAFE).all() for record in lost), "the robot's own watchdog"


def test_what_was_recorded_and_is_played_again_changes_nothing(wires: list[Wire]) -> None:
    made = run(wires, down=Recorder(), up=Recorder())
    nominal_throughout(made)
    sequences = [command.sequence for command in made.robot.commands]
    assert sequences == list(range(len(sequences)))
    assert wires[0].link.counters.keys() == wires[0].server.counters.keys() == {"late"}
    assert wires[0].link.counters["late"] >= 50
    assert wires[0].server.counters["late"] >= 50


def test_nothing_but_what_was_recorded_is_nothing_at_all(wires: list[Wire]) -> None:
    kept: list[bytes] = []

    def again(number: int, datagram: bytes) -> Sequence[bytes]:
        kept.append(datagram)
        return [datagram] if number < ONSET else [kept[number - 30]]

    made = run(wires, down=again)
    assert made.first(Mode.SAFE).tick == ONSET + HOLD_TICKS
    assert made.modes()[-1] is Mode.STOP
    np.testing.assert_array_equal(made.robot.commands[-1].values, SAFE)


def test_whoever_has_no_key_changes_nothing(wires: list[Wire], key: Path) -> None:
    made = run(wires, down=at_onset(forged), up=at_onset(forged), key=key)
    nominal_throughout(made)
    assert all(command.sequence < 10**6 for command in made.robot.commands)
    for end in (wires[0].link, wires[0].server):
        assert set(end.counters) == {"forged", "cut"}
        assert end.counters["forged"] >= 50
        assert end.counters["cut"] >= 50


@pytest.mark.parametrize(("keyed", "why"), [(True, "forged"), (False, "kind")])
def test_what_is_sent_back_to_its_sender_changes_nothing(
    wires: list[Wire], key: Path, keyed: bool, why: str
) -> None:
    made = run(wires, key=key if keyed else None, reflect_from=ONSET)
    nominal_throughout(made)
    for end in (wires[0].link, wires[0].server):
        assert set(end.counters) == {why}
        assert end.counters[why] >= 50


def test_what_is_none_of_ours_changes_nothing(wires: list[Wire]) -> None:
    def noise(number: int, datagram: bytes) -> Sequence[bytes]:
        other = Codec(None).encode(
            replace(Codec(None).decode(datagram), session=77)  # pyright: ignore
        )
        return [b"", b"GET / HTTP/1.0\r\n\r\n", other, datagram]

    made = run(wires, down=at_onset(noise), up=at_onset(noise))
    nominal_throughout(made)
    for end in (wires[0].link, wires[0].server):
        assert set(end.counters) == {"foreign", "stale"}
        assert end.counters["foreign"] == 2 * end.counters["stale"] >= 100
