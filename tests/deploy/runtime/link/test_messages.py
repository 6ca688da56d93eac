"""What a robot declares of itself: taken as it stands, or refused; nothing is guessed."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import Any

import pytest

from deploy.runtime.link.base import Channel, Channels
from deploy.runtime.link.messages import pack_channels, unpack_channels

CHANNELS = Channels(
    "sled", 0.02, (Channel("x", "m", -1.0, 1.0),), (Channel("motor", "1", -1.0, 1.0, -1),), (0.0,)
)


def declared(**changes: Any) -> bytes:
    """A declaration with other values; `sign` and `low` are the motor's."""
    table = json.loads(zlib.decompress(pack_channels(CHANNELS)))
    for name, value in changes.items():
        (table["action"][0] if name in ("sign", "low") else table)[name] = value
    return zlib.compress(json.dumps(table).encode())


@pytest.mark.parametrize("simulated", [True, False])
def test_what_is_declared_is_what_arrives(simulated: bool) -> None:
    channels = replace(CHANNELS, simulated=simulated)
    assert unpack_channels(pack_channels(channels)) == channels
    assert unpack_channels(declared(sign=1.0)).action[0].sign == 1


@pytest.mark.parametrize("sign", [0, 2, -2, 0.5, "-1", "1", True, None, [1]])
def test_a_sign_is_one_or_minus_one(sign: object) -> None:
    with pytest.raises(ValueError, match=r"motor: sign .* is not allowed; allowed: 1, -1"):
        unpack_channels(declared(sign=sign))


@pytest.mark.parametrize("simulated", ["false", "true", 0, 1, None])
def test_simulated_is_true_or_false(simulated: object) -> None:
    with pytest.raises(ValueError, match=r"simulated: .* is not allowed; allowed: true, false"):
        unpack_channels(declared(simulated=simulated))


@pytest.mark.parametrize("name", ["dt", "low", "safe_action"])
def test_a_number_beyond_all_bounds_is_refused(name: str) -> None:
    value = [10**400] if name == "safe_action" else 10**400
    with pytest.raises(ValueError, match="the declaration cannot be read"):
        unpack_channels(declared(**{name: value}))


def test_a_declaration_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match="nested too deeply"):
        unpack_channels(zlib.compress(b"[" * 200_000))
