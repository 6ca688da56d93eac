"""What is wrong with a bundle or a robot's channels is found before anything could move."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adaptive_control.cli.main import main
from deploy.runtime import link as links
from deploy.runtime.bundle import load_bundle
from deploy.runtime.bundle.files import entry_of
from deploy.runtime.bundle.manifest import FORMAT, read_manifest, write_manifest
from deploy.runtime.bundle.names import MANIFEST
from deploy.runtime.link.base import Channel, Channels, Command, Observation
from tests.deploy.bundles import bundle_path, copy_of

FILES = ("step.onnx", "adapt.onnx", "prior.npz", "golden.npz", MANIFEST)


class Watched:
    """A robot that must not be commanded."""

    def __init__(self, channels: Channels | None = None) -> None:
        manifest = load_bundle(bundle_path()).manifest
        self.opened = 0
        self.commands: list[Command] = []
        self.closed = False
        self.channels = channels or Channels(
            manifest.robot, manifest.dt, manifest.observation, manifest.action, manifest.safe_action
        )

    def open(self, text: str) -> Watched:
        self.opened += 1
        return self

    def read(self, timeout_s: float) -> Observation | None:
        return None

    def write(self, command: Command) -> None:
        self.commands.append(command)

    def close(self) -> None:
        self.closed = True


def refused(
    robot: Watched, bundle: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> str:
    """Exit status 2 and one line, not one command, and nothing left in the folder."""
    monkeypatch.setattr(links, "open_link", robot.open)
    monkeypatch.chdir(bundle.parent)
    before = sorted(bundle.parent.rglob("*"))
    assert main(["run", str(bundle), "--robot", "udp://127.0.0.1:1", "--arm"]) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert robot.commands == []
    assert sorted(bundle.parent.rglob("*")) == before
    return error


def flip(bundle: Path, name: str) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[len(content) // 2] ^= 1
    (bundle / name).write_bytes(content)


def cut(bundle: Path, name: str) -> None:
    content = (bundle / name).read_bytes()
    (bundle / name).write_bytes(content[: len(content) // 2])


def lose(bundle: Path, name: str) -> None:
    (bundle / name).unlink()


def mix(bundle: Path, name: str) -> None:
    (bundle / name).write_bytes((bundle_path(seed=1) / name).read_bytes())


def newer(bundle: Path, name: str) -> None:
    table = json.loads((bundle / name).read_text())
    (bundle / name).write_text(json.dumps(table | {"format": FORMAT + 1}))


def outside(bundle: Path, name: str) -> None:
    manifest = read_manifest((bundle / name).read_bytes())
    files = {**manifest.files, "../secret": entry_of(b"not yours")}
    (bundle.parent / "secret").write_bytes(b"not yours")
    (bundle / name).write_bytes(write_manifest(replace(manifest, files=files)))


DAMAGES = [
    *((harm, name) for harm in (flip, cut, lose) for name in FILES),
    *((mix, name) for name in FILES[:4]),
    (newer, MANIFEST),
    (outside, MANIFEST),
]


@pytest.mark.parametrize(("harm", "name"), DAMAGES)
def test_a_damaged_bundle_never_meets_a_robot(
    harm: Callable[[Path, str], None], name: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    bundle, robot = copy_of(bundle_path(), tmp_path), Watched()
    harm(bundle, name)
    error = refused(robot, bundle, monkeypatch, capsys)
    assert name in error
    assert robot.opened == 0


def rotation(names: str) -> tuple[Channel, ...]:
    return tuple(Channel(f"rotation_{name}", "1", -1.0, 1.0) for name in names)


MISFITS: dict[str, Callable[[Channels], Channels]] = {
    "unit 'deg', the bundle expects 'rad'": lambda c: replace(
        c,
        observation=tuple(replace(o, unit="deg") if o.unit == "rad" else o for o in c.observation),
    ),
    "unit 'N m', the bundle expects '1'": lambda c: replace(
        c, action=tuple(replace(a, unit="N m") for a in c.action)
    ),
    "sign 0": lambda c: replace(c, action=tuple(replace(a, sign=0) for a in c.action)),
    "rotation_x: the bundle knows no such observation": lambda c: replace(
        c, observation=(*c.observation, *rotation("xyzw"))
    ),
    "the robot has no such observation": lambda c: replace(c, observation=c.observation[1:]),
    "the robot's control period is 0.02 s": lambda c: replace(c, dt=0.02),
    "the robot is 'dog'": lambda c: replace(c, robot="dog"),
}


@pytest.mark.parametrize(("words", "change"), MISFITS.items())
def test_a_robot_that_does_not_fit_gets_no_command(
    words: str, change: Callable[[Channels], Channels], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture,
) -> None:  # fmt: skip
    robot = Watched()
    robot.channels = change(robot.channels)
    bundle = copy_of(bundle_path(), tmp_path)
    assert words in refused(robot, bundle, monkeypatch, capsys)
    assert robot.closed


def test_a_bundle_without_its_normaliser_never_meets_a_robot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    """The scale of the errors; that of the inputs is part of the graphs, which have hashes."""
    from deploy.runtime.bundle.files import pack_arrays, unpack_arrays

    bundle, robot = copy_of(bundle_path(), tmp_path), Watched()
    arrays = dict(unpack_arrays("prior.npz", (bundle / "prior.npz").read_bytes()))
    content = pack_arrays({name: a for name, a in arrays.items() if name != "error_scale"})
    manifest = read_manifest((bundle / MANIFEST).read_bytes())
    files = {**manifest.files, "prior.npz": entry_of(content)}
    (bundle / "prior.npz").write_bytes(content)
    (bundle / MANIFEST).write_bytes(write_manifest(replace(manifest, files=files)))
    assert "error_scale is missing" in refused(robot, bundle, monkeypatch, capsys)
    assert robot.opened == 0
