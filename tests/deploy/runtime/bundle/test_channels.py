"""Channels are matched by name; what does not fit is named."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from controllers import GateConfig, make_planner
from deploy.errors import DeployError
from deploy.runtime.bundle.channels import match_channels
from deploy.runtime.bundle.manifest import Manifest
from deploy.runtime.bundle.mapped import MappedLink
from deploy.runtime.link.base import Channel, Channels, Command, Observation

MANIFEST = Manifest(
    format=1, robot="half-cheetah", dt=0.05,
    observation=(
        Channel("height", "m", -math.inf, math.inf),
        Channel("pitch", "rad", -math.inf, math.inf),
        *(Channel(f"rate_{i}", "rad/s", -math.inf, math.inf) for i in range(16)),
    ),
    action=tuple(
        Channel(name, "1", -1.0, 1.0)
        for name in ("bthigh", "bshin", "bfoot", "fthigh", "fshin", "ffoot")
    ),
    action_rate=(40.0,) * 6, safe_action=(0.0,) * 6, window=4, planner=make_planner("cem"),
    gate=GateConfig(), kind="mb", adapts=False, context=(), prior=(), opset=18, made_with={},
    source={}, files={},
)  # fmt: skip


def robot(manifest: Manifest = MANIFEST) -> Channels:
    """A robot that declares exactly what the bundle expects."""
    return Channels(
        manifest.robot, manifest.dt, manifest.observation, manifest.action, manifest.safe_action
    )


def changed(kind: str, which: str, **changes: object) -> Channels:
    """The same robot, one channel declared otherwise."""
    channels = getattr(robot(), kind)
    edit = lambda c: replace(c, **changes) if c.name == which else c  # noqa: E731
    return replace(robot(), **{kind: tuple(map(edit, channels))})  # pyright: ignore


def test_the_same_robot_fits() -> None:
    found = match_channels(MANIFEST, robot())
    assert found.trivial
    values = np.arange(18.0)
    assert np.array_equal(found.observation(values), values)


@given(data=st.data())
def test_order_and_signs_are_undone(data: st.DataObject) -> None:
    """A robot with its channels in any order, any of them counted the other way round."""
    sides = {}
    for kind in ("observation", "action"):
        channels = data.draw(st.permutations(getattr(MANIFEST, kind)))
        signs = data.draw(st.lists(st.sampled_from([1, -1]), min_size=len(channels),
                                   max_size=len(channels)))  # fmt: skip
        pairs = zip(channels, signs, strict=True)
        sides[kind] = tuple(replace(c, sign=s) for c, s in pairs)
    channels = replace(robot(), **sides)
    found = match_channels(MANIFEST, channels)
    truth = {c.name: float(i + 1) for i, c in enumerate((*MANIFEST.observation, *MANIFEST.action))}

    sent = np.array([c.sign * truth[c.name] for c in channels.observation])
    assert list(found.observation(sent)) == [truth[c.name] for c in MANIFEST.observation]

    ours = np.array([truth[c.name] for c in MANIFEST.action])
    theirs = [c.sign * truth[c.name] for c in channels.action]
    assert list(found.action(ours)) == theirs
    assert list(found.applied(np.array(theirs))) == list(ours)
    batch = np.stack([ours, 2 * ours])
    assert np.array_equal(found.applied(found.action(batch)), batch)


def with_rotation(names: str, prefix: str = "rotation_") -> tuple[Channel, ...]:
    """The observation with a quaternion, whose parts are named one by one."""
    return (*MANIFEST.observation, *(Channel(prefix + name, "1", -1.0, 1.0) for name in names))


def test_the_order_of_a_quaternion_is_that_of_its_names() -> None:
    ours = replace(MANIFEST, observation=with_rotation("wxyz"))
    channels = replace(robot(), observation=with_rotation("xyzw"))
    found = match_channels(ours, channels)
    sent = np.concatenate([np.zeros(18), [0.1, 0.2, 0.3, 0.9]])  # x, y, z, w
    assert list(found.observation(sent)[-4:]) == [0.9, 0.1, 0.2, 0.3]


def test_a_quaternion_whose_parts_are_not_named_is_refused() -> None:
    ours = replace(MANIFEST, observation=with_rotation("wxyz"))
    channels = replace(robot(), observation=with_rotation("0123"))
    with pytest.raises(DeployError, match="rotation_w: the robot has no such observation"):
        match_channels(ours, channels)


MISFITS = {
    "pitch: unit 'deg', the bundle expects 'rad'": changed("observation", "pitch", unit="deg"),
    "bfoot: unit 'N m', the bundle expects '1'": changed("action", "bfoot", unit="N m"),
    "pitch: the robot has no such observation; roll: the bundle knows no such observation": changed(
        "observation", "pitch", name="roll"
    ),
    "bfoot: the robot has no such action": changed("action", "bfoot", name="tail"),
    "pitch: sign 0": changed("observation", "pitch", sign=0),
    "bfoot: limits -1 to 0.5, the bundle commands -1 to 1": changed("action", "bfoot", high=0.5),
    "bfoot: limits -1 to 0.5, the": changed("action", "bfoot", low=-0.5, sign=-1),
    "dt: the robot's control period is 0.02 s, the bundle's 0.05 s": replace(robot(), dt=0.02),
    "robot: the robot is 'dog', the bundle is for": replace(robot(), robot="dog"),
    "height: the robot has no such": replace(robot(), observation=robot().observation[1:]),
    "mood: the bundle knows no such observation": replace(
        robot(), observation=(*robot().observation, Channel("mood", "1", 0, 1))
    ),
    "declares a name twice": replace(robot(), action=robot().action * 2),
    "safe_action: the robot declares 1 values": replace(robot(), safe_action=(0.0,)),
    "bthigh: safe action 2, the bundle commands -1 to 1": replace(
        robot(), safe_action=(2.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    ),
    "ffoot: safe action nan, the bundle": replace(robot(), safe_action=(0.0,) * 5 + (np.nan,)),
    "dt: the robot's control period is nan s": replace(robot(), dt=np.nan),
    "bfoot: limits nan to 1, the bundle": changed("action", "bfoot", low=np.nan),
}


def test_of_another_robot_the_line_is_short() -> None:
    other = replace(robot(), robot="dog", observation=(), action=(), safe_action=())
    with pytest.raises(DeployError, match="differences more, which `doctor` lists") as caught:
        match_channels(MANIFEST, other)
    assert "the robot is 'dog'" in str(caught.value)
    assert len(str(caught.value)) < 200
    none = replace(robot(), observation=(), action=(), safe_action=())
    with pytest.raises(DeployError) as caught:
        match_channels(MANIFEST, none)
    assert str(caught.value).count("the robot has no such") == 6


@pytest.mark.parametrize(("words", "channels"), MISFITS.items())
def test_what_does_not_fit_is_named(words: str, channels: Channels) -> None:
    with pytest.raises(DeployError) as caught:
        match_channels(MANIFEST, channels)
    assert words in str(caught.value)


def test_wider_limits_and_a_rounded_period_fit() -> None:
    wide = changed("action", "bfoot", low=-3.0, high=3.0)
    match_channels(MANIFEST, replace(wide, dt=0.05 * (1 + 1e-9)))


class _Link:
    """Remembers what it was told."""

    def __init__(self, channels: Channels) -> None:
        self.channels = channels
        self.written: list[Command] = []

    def read(self, timeout_s: float) -> Observation | None:
        if timeout_s == 0:
            return None
        size, actions = len(self.channels.observation), len(self.channels.action)
        values = np.arange(size, dtype=np.float32)
        return Observation(0, 0, 0, values, np.arange(actions, dtype=np.float32), 0)

    def write(self, command: Command) -> None:
        self.written.append(command)

    def close(self) -> None:
        self.written.clear()


def test_an_attached_robot_speaks_as_the_bundle_does() -> None:
    signs = [-1, 1] * 9
    declared = tuple(
        replace(c, sign=s, low=-1.0, high=5.0)
        for c, s in zip(reversed(MANIFEST.observation), signs, strict=True)
    )
    actions = tuple(replace(c, sign=-1, low=-2.0) for c in reversed(MANIFEST.action))
    robot_side = replace(
        robot(), observation=declared, action=actions, safe_action=(0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
    )
    link = _Link(robot_side)
    mapped = MappedLink(link, MANIFEST, match_channels(MANIFEST, robot_side))
    assert [c.name for c in mapped.channels.observation] == [c.name for c in MANIFEST.observation]
    assert mapped.channels.action == MANIFEST.action
    np.testing.assert_allclose(mapped.channels.safe_action, (-0.5, -0.4, -0.3, -0.2, -0.1, 0.0))
    first, last = mapped.channels.observation[0], mapped.channels.observation[-1]
    assert (first.low, first.high, first.sign) == (-1.0, 5.0, 1)
    assert (last.low, last.high, last.sign) == (-5.0, 1.0, 1)

    seen = mapped.read(1.0)
    assert seen is not None
    assert list(seen.values[:3]) == [17.0, -16.0, 15.0]
    assert list(seen.applied) == [-5.0, -4.0, -3.0, -2.0, -1.0, 0.0]
    assert mapped.read(0) is None
    mapped.write(Command(0, 0, 0, 1, np.array([1, 2, 3, 4, 5, 6], np.float32)))
    assert list(link.written[0].values) == [-6.0, -5.0, -4.0, -3.0, -2.0, -1.0]
    mapped.close()
    assert link.written == []
