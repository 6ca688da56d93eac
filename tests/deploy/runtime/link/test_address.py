"""The text of a link, and the errors it gives."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.runtime.link import open_link
from deploy.runtime.link.address import Address, SimulatedRobot, parse_link


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sim:ant", SimulatedRobot("ant")),
        (
            "sim:half-cheetah?perturb=crippled-leg:back@5s+mass:2&seed=3",
            SimulatedRobot("half-cheetah", "crippled-leg:back@5s+mass:2", 3),
        ),
        ("udp://127.0.0.1:7450", Address("udp", "127.0.0.1", 7450)),
        ("udp://[::1]:9", Address("udp", "::1", 9)),
        ("udp://10.0.0.2:9?key-file=k", Address("udp", "10.0.0.2", 9, key_file=Path("k"))),
        ("unix:///run/robot", Address("unix", path="/run/robot")),
        ("unix:///run/robot%232@home", Address("unix", path="/run/robot#2@home")),
    ],
)
def test_links_are_understood(text, expected):
    assert parse_link(text) == expected


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("serial:/dev/x", "serial"),
        ("udp://127.0.0.1", "HOST:PORT"),
        ("udp://127.0.0.1:99999", "port"),
        ("udp://127.0.0.1:9?password=1", "password"),
        ("unix://host/path", "unix:///PATH"),
        ("sim:", "sim:ROBOT"),
        ("sim:ant?seed=two", "seed"),
        ("sim:ant?seed=-1", "seed: '-1' in .*from 0"),
        ("udp://127.0.0.1:9?key-file=", "key-file= in .* is empty"),
        ("udp://127.0.0.1:9?key-file=&key-file=k", "key-file= in .* is empty"),
        ("unix:///run/robot?key-file=", "key-file= in .* is empty"),
        ("sim:ant?perturb=", "perturb= in .* is empty"),
        ("udp://127.0.0.1:9?key-file=k&key-file=l", "twice"),
        ("udp://127.0.0.1:9?key-file", "name=value"),
        # Dropped without a word, these were a link without its key, and one to somebody else.
        ("udp://127.0.0.1:9#?key-file=robot.key", "holds a '#'"),
        ("udp://127.0.0.1:9?key-file=robot.key#2", "holds a '#'"),
        ("unix:///run/robot#2", "holds a '#'; allowed: none, in a path %23"),
        ("udp://me@127.0.0.1:9", "names a user"),
        ("udp://@127.0.0.1:9", "names a user"),
        ("udp://a..b:9", "allowed: udp://HOST:PORT"),
        ("unix:///run/a%00b", "zero byte"),
        ("udp://127.0.0.1:9?key-file=%00", "zero byte"),
        ("unix:///run/robot?key-file=a%00", "zero byte"),
        ("ros2://go2?config=%00", "zero byte"),
        ("unitree://eth0?config=a%00b", "zero byte"),
        ("sim:ant?colour=red", "colour"),
    ],
)
def test_bad_text_is_refused_by_name(text, named):
    with pytest.raises(DeployError, match="(?i)" + named) as caught:
        open_link(text)
    assert "\n" not in str(caught.value)


def test_an_open_address_needs_a_key(tmp_path):
    with pytest.raises(DeployError, match="key"):
        open_link("udp://10.1.2.3:7450")
    short = tmp_path / "key"
    short.write_bytes(b"too short")
    with pytest.raises(DeployError, match="16"):
        open_link(f"udp://10.1.2.3:7450?key-file={short}")
    with pytest.raises(DeployError, match="nowhere"):
        open_link("udp://10.1.2.3:7450?key-file=nowhere")


def test_loopback_is_told_from_the_rest():
    assert Address("udp", "127.0.0.9", 1).loopback
    assert Address("udp", "::1", 1).loopback
    assert not Address("udp", "0.0.0.0", 1).loopback
    assert not Address("udp", "robot.example", 1).loopback
