"""What packets carry: channels, observations, commands; as bytes and back."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import asdict

import numpy as np

from deploy.runtime.link.base import Channel, Channels, Command, Observation

__all__ = [
    "pack_channels",
    "pack_command",
    "pack_observation",
    "unpack_channels",
    "unpack_command",
    "unpack_observation",
]

_OBSERVATION = struct.Struct("<qqqdBHH")
_COMMAND = struct.Struct("<qqqqBH")
_RESET, _FALLEN = 1, 2
_LARGEST_DECLARATION = 1 << 20
"""Bytes of channels, unpacked: a small packet must not fill the memory."""


def pack_channels(channels: Channels) -> bytes:
    """Compressed JSON, infinite limits as null."""
    declared = asdict(channels)
    for channel in (*declared["observation"], *declared["action"]):
        for limit in ("low", "high"):
            if not np.isfinite(channel[limit]):
                channel[limit] = None
    return zlib.compress(json.dumps(declared).encode(), 9)


def unpack_channels(payload: bytes) -> Channels:
    """The channels.

    Raises:
        ValueError: the payload is not what `pack_channels` makes.
    """
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(payload, _LARGEST_DECLARATION)
        if not unpacker.eof:
            raise ValueError("the declaration is not complete, or too long")
        declared = json.loads(text)
        return Channels(
            robot=str(declared["robot"]),
            dt=float(declared["dt"]),
            observation=tuple(_channel(item) for item in declared["observation"]),
            action=tuple(_channel(item) for item in declared["action"]),
            safe_action=tuple(float(value) for value in declared["safe_action"]),
            simulated=_flag(declared, "simulated"),
        )
    except RecursionError:
        raise ValueError("the declaration is nested too deeply") from None
    except (zlib.error, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise ValueError(f"the declaration cannot be read: {error}") from error


def _channel(item: dict[str, object]) -> Channel:
    low, high = item["low"], item["high"]
    return Channel(
        name=str(item["name"]),
        unit=str(item["unit"]),
        low=-np.inf if low is None else float(low),  # pyright: ignore[reportArgumentType]
        high=np.inf if high is None else float(high),  # pyright: ignore[reportArgumentType]
        sign=_sign(item),
    )


def _sign(item: dict[str, object]) -> int:
    """1 or -1: a motor that turns the other way must not be guessed at."""
    sign = item["sign"]
    if isinstance(sign, bool) or not isinstance(sign, (int, float)) or sign not in (1, -1):
        raise ValueError(f"{item['name']}: sign {sign!r} is not allowed; allowed: 1, -1")
    return int(sign)


def _flag(declared: dict[str, object], name: str) -> bool:
    """True or false, not what merely passes for it: "false" would be true."""
    value = declared[name]
    if not isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} is not allowed; allowed: true, false")
    return value


def pack_observation(observation: Observation) -> bytes:
    """Everything but `received_ns`, which is the receiver's."""
    flags = _RESET * observation.reset + _FALLEN * observation.fallen
    head = _OBSERVATION.pack(
        observation.sequence, observation.stamp_ns, observation.applied_sequence,
        observation.reward, flags, observation.values.size, observation.applied.size,
    )  # fmt: skip
    return head + _floats(observation.values) + _floats(observation.applied)


def unpack_observation(payload: bytes, received_ns: int) -> Observation:
    """The observation.

    Raises:
        ValueError: the payload is not what `pack_observation` makes.
    """
    if len(payload) < _OBSERVATION.size:
        raise ValueError("an observation is cut short")
    sequence, stamp, applied_sequence, reward, flags, values, applied = _OBSERVATION.unpack_from(
        payload
    )
    if len(payload) != _OBSERVATION.size + 4 * (values + applied):
        raise ValueError("an observation has another length than it says")
    numbers = np.frombuffer(payload, "<f4", offset=_OBSERVATION.size).astype(np.float32)
    return Observation(
        sequence=sequence, stamp_ns=stamp, received_ns=received_ns, values=numbers[:values],
        applied=numbers[values:], applied_sequence=applied_sequence,
        reset=bool(flags & _RESET), fallen=bool(flags & _FALLEN), reward=reward,
    )  # fmt: skip


def pack_command(command: Command) -> bytes:
    """A command."""
    head = _COMMAND.pack(
        command.sequence, command.for_sequence, command.stamp_ns, command.valid_for_ns,
        command.armed, command.values.size,
    )  # fmt: skip
    return head + _floats(command.values)


def unpack_command(payload: bytes) -> Command:
    """The command.

    Raises:
        ValueError: the payload is not what `pack_command` makes.
    """
    if len(payload) < _COMMAND.size:
        raise ValueError("a command is cut short")
    sequence, answers, stamp, valid_for, armed, size = _COMMAND.unpack_from(payload)
    if len(payload) != _COMMAND.size + 4 * size:
        raise ValueError("a command has another length than it says")
    values = np.frombuffer(payload, "<f4", offset=_COMMAND.size).astype(np.float32)
    return Command(sequence, answers, stamp, valid_for, values, bool(armed))


def _floats(values: np.ndarray) -> bytes:
    return np.asarray(values, "<f4").tobytes()
