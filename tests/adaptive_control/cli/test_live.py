"""The command `live`: what it refuses, what it warns of, how it ends."""

from __future__ import annotations

import re
import socket
from pathlib import Path

import pytest

from adaptive_control.cli.main import main
from adaptive_control.pretrained import pretrained_path

PLANNER = "cem:candidates=8,horizon=3,iterations=1,elites=4"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_a_port_in_use_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert main(["live", "--port", str(port)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: port: {port} on 127.0.0.1 cannot be served on")


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--port", "0", "port: 0"),
        ("--seconds", "-1", "seconds: -1"),
        ("--seed", "-1", "seed: -1"),
        ("--robot", "no-such-robot", "no-such-robot"),
        ("--model", "no-such-model", "no-such-model"),
        ("--planner", "cem:horizon=0", "horizon: 0"),
        ("--perturb", "crippled-leg:tail", "tail"),
        ("--host", "no-such-host.invalid", "host: 'no-such-host.invalid'"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(
    option: str, value: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["live", option, value]
    if option != "--port":
        arguments += ["--port", str(free_port())]
    assert main(arguments) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line


def test_checkpoints_of_ones_own_are_shown_in_place_of_those_that_ship(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    arguments = ["live", "--planner", PLANNER, "--port", str(free_port())]
    nowhere = str(tmp_path / "nowhere.safetensors")
    for option in ("--checkpoint", "--versus-checkpoint"):
        assert main([*arguments, option, nowhere]) == 2
        assert f"checkpoint {nowhere}: no such file" in capsys.readouterr().err
    mine = str(pretrained_path("half-cheetah", "rebal"))
    assert (
        main([*arguments, "--checkpoint", mine, "--seconds", "0.2"]) == 2
    )  # not what it is called
    assert "holds a rebal model, not combined" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("host", "warned"), [("127.0.0.1", False), ("0.0.0.0", True)])
def test_it_says_its_address_and_ends_by_itself(
    host: str, warned: bool, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    port = free_port()
    arguments = ["live", "--host", host, "--port", str(port), "--planner", PLANNER]
    assert main([*arguments, "--seconds", "0.5", "--out", str(tmp_path / "planner.toml")]) == 0
    said = capsys.readouterr().out
    assert f"http://{host}:{port}" in said
    assert bool(re.search("not loopback", said)) == warned
    with socket.socket() as again:  # the port is free once more
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind((host, port))
