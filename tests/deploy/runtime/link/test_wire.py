"""Packets: what goes in comes out, and whatever else arrives is dropped with a reason."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.runtime.link.base import Channel, Channels, Command, Observation
from deploy.runtime.link.messages import (
    pack_channels,
    pack_command,
    pack_observation,
    unpack_channels,
    unpack_command,
    unpack_observation,
)
from deploy.runtime.link.wire import Codec, Kind, Packet, session_keys

KEYS = (None, b"k" * 16)
numbers = st.integers(0, 2**64 - 1)
stamps = st.integers(-(2**63), 2**63 - 1)
floats = st.lists(st.floats(width=32), max_size=40)
packets = st.builds(Packet, st.sampled_from(Kind), numbers, numbers, st.binary(max_size=300))


@given(packets, st.sampled_from(KEYS))
def test_a_packet_survives(packet, key):
    assert Codec(key).decode(Codec(key).encode(packet)) == packet


@given(st.binary(max_size=200), st.sampled_from(KEYS))
def test_anything_else_is_dropped_with_a_word(datagram, key):
    assert isinstance(Codec(key).decode(datagram), str)
    assert isinstance(Codec(key).decode(b"ADCL\x02" + datagram), str)


@given(packets, st.sampled_from(KEYS), st.data())
def test_a_flipped_bit_or_a_cut_is_noticed(packet, key, data):
    datagram = bytearray(Codec(key).encode(packet))
    cut = data.draw(st.integers(0, len(datagram) - 1))
    assert isinstance(Codec(key).decode(bytes(datagram[:cut])), str)
    bit = data.draw(st.integers(0, 8 * len(datagram) - 1))
    datagram[bit // 8] ^= 1 << bit % 8
    assert isinstance(Codec(key).decode(bytes(datagram)), str)


@given(packets)
def test_another_key_is_no_key(packet):
    forged = Codec(b"x" * 16).encode(packet)
    assert Codec(b"k" * 16).decode(forged) == "forged"
    unkeyed = Codec(None).encode(packet)
    assert isinstance(Codec(b"k" * 16).decode(unkeyed), str)


def test_each_session_has_a_key_of_its_own():
    key = b"k" * 16
    assert not {*session_keys(key, b"a", b"b")} & {*session_keys(key, b"a", b"c")}
    assert session_keys(None, b"a", b"b") == (None, None)


@given(packets)
def test_a_packet_that_comes_back_to_its_sender_is_forged(packet):
    up, down = session_keys(b"k" * 16, b"a", b"b")
    commander, robot = Codec(up, down), Codec(down, up)
    assert robot.decode(commander.encode(packet)) == packet
    assert commander.decode(robot.encode(packet)) == packet
    assert robot.decode(robot.encode(packet)) == "forged"
    assert commander.decode(commander.encode(packet)) == "forged"


@given(stamps, stamps, stamps, floats, floats, st.booleans(), st.booleans(), st.floats())
def test_an_observation_survives(sequence, stamp, applied_sequence, x, a, reset, fallen, reward):
    sent = Observation(
        sequence, stamp, 5, np.array(x, np.float32), np.array(a, np.float32), applied_sequence,
        reset, fallen, reward,
    )  # fmt: skip
    got = unpack_observation(pack_observation(sent), 7)
    assert (got.sequence, got.stamp_ns, got.received_ns) == (sequence, stamp, 7)
    assert (got.applied_sequence, got.reset, got.fallen) == (applied_sequence, reset, fallen)
    np.testing.assert_array_equal(got.values, sent.values)
    np.testing.assert_array_equal(got.applied, sent.applied)
    np.testing.assert_equal(got.reward, reward)


@given(stamps, stamps, stamps, stamps, floats, st.booleans())
def test_a_command_survives(sequence, answers, stamp, valid, values, armed):
    sent = Command(sequence, answers, stamp, valid, np.array(values, np.float32), armed)
    got = unpack_command(pack_command(sent))
    assert (got.sequence, got.for_sequence, got.stamp_ns) == (sequence, answers, stamp)
    assert (got.valid_for_ns, got.armed) == (valid, armed)
    np.testing.assert_array_equal(got.values, sent.values)


@given(st.binary(max_size=120))
def test_payloads_that_are_none_raise_value_errors_alone(payload):
    for unpack in (unpack_command, unpack_channels, lambda p: unpack_observation(p, 0)):
        try:
            unpack(payload)
        except ValueError:
            continue


def test_channels_survive_with_their_infinite_limits():
    channels = Channels(
        "ant", 0.05, (Channel("x", "m", -np.inf, np.inf), Channel("y", "rad", -1.0, 2.0, -1)),
        (Channel("m", "1", -0.3, 0.3),), (0.0,), True,
    )  # fmt: skip
    assert unpack_channels(pack_channels(channels)) == channels


def test_a_declaration_that_would_fill_the_memory_is_refused():
    import zlib

    with pytest.raises(ValueError, match="long"):
        unpack_channels(zlib.compress(b" " * (1 << 22)))
