"""The page's loop on a robot in another process that somebody else commands."""

from __future__ import annotations

import time
from collections.abc import Iterator

import numpy as np
import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.live.linked import LinkedLoop
from deploy.runtime.link import Channel, Channels, Command, open_link
from tests.deploy.simulated import simulated_half_cheetah


@pytest.fixture
def address() -> Iterator[str]:
    with simulated_half_cheetah() as (_, listening):
        yield listening


def test_it_shows_a_robot_that_another_process_commands(address) -> None:
    commander = open_link(address)
    loop = LinkedLoop(open_link(address, watch=True))
    loop.start()
    try:
        shown, told = [], []
        version, end = 0, time.monotonic() + 20.0
        while len(shown) < 12 and time.monotonic() < end:
            observed = commander.read(0.5)
            if observed is None:
                continue
            told.append(float(observed.values[-1]))  # its forward speed
            action = np.full(6, 0.8, np.float32)
            commander.write(Command(len(told), observed.sequence, 0, 10**9, action))
            version, snapshot = loop.slot.newer_than(version, 0.5)
            if snapshot is not None:
                shown.append(snapshot)
        assert loop.failure is None
        assert len(shown) == 12
        assert shown[-1].episode == 1  # set back to its start by the first armed command
        assert shown[-1].time > shown[-2].time
        speeds = {round(snapshot.robots[0].speed, 4) for snapshot in shown}
        assert len(speeds) > 6  # it moves
        assert len(speeds & {round(speed, 4) for speed in told}) > 6  # as the commander hears
    finally:
        loop.stop()
        commander.close()


def test_a_robot_without_the_fields_of_its_pose_is_refused() -> None:
    class Deaf:
        channels = Channels(
            "half-cheetah", 0.05, (Channel("height", "m", -1.0, 1.0),),
            (Channel("bthigh", "1", -1.0, 1.0),), (0.0,), True,
        )  # fmt: skip

    with pytest.raises(AdaptiveControlError, match=r"link: the robot lacks .*forward_speed"):
        LinkedLoop(Deaf())  # pyright: ignore[reportArgumentType]
