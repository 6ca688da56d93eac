"""Observations from ROS 2's topics: what is missing, late or wrong among them."""

from __future__ import annotations

import math
import time

import numpy as np
import pytest

from deploy.errors import DeployError
from tests.deploy.runtime.link.cart import DT, Robot, command, opened, wiring


def test_an_observation_is_made_of_three_topics(ros, tmp_path):
    link, robot = opened(wiring(tmp_path)), Robot(ros)
    assert link.read(0.0) is None
    robot.body(x=1.0)
    robot.joints(0)
    assert link.read(0.0) is None  # no speed before a second position
    robot.body(x=1.2)
    robot.joints(1, order=("wheel", "right", "left"))
    seen = link.read(0.0)
    assert seen is not None
    np.testing.assert_allclose(seen.values, [0.3, -1.5, 1.0, 0.75, 4.0], rtol=1e-5)
    assert (seen.sequence, seen.stamp_ns, seen.reset) == (1, 100_050_000_000, False)
    assert (seen.applied_sequence, seen.applied.tolist()) == (-1, [0.0, 0.25])
    assert link.read(0.0) is None
    assert dict(link.counters) == {"missing position of the period before": 1}
    link.close()


def test_what_is_missing_makes_no_observation_and_is_counted(ros, tmp_path):
    link, robot = opened(wiring(tmp_path, head="max_age = 0.03")), Robot(ros)

    def offer(period, **changes):
        robot.joints(period, **changes)
        return link.read(0.0)

    assert offer(0) is None
    assert link.counters["missing imu"] == 1
    robot.body()
    assert offer(1) is None
    robot.body()
    assert offer(2) is not None
    robot.body()
    assert offer(3, name=["left", "wheel"]) is None
    assert link.counters["missing joint right"] == 1
    robot.body()
    assert offer(4, velocity=[]) is None
    assert link.counters["missing velocity of the joints"] == 1
    robot.body(w=0.0)
    assert offer(5) is None
    assert link.counters["missing orientation"] == 1
    robot.body()
    assert offer(6, header=ros.sensor.header(0.0)) is None
    assert link.counters["no stamp"] == 1
    time.sleep(0.04)
    assert offer(7) is None
    assert link.counters["missing imu (too old)"] == 1
    robot.body()
    seen = offer(8)
    assert seen is not None
    assert seen.sequence == 8
    link.close()


def test_nan_is_handed_on_for_the_shield_to_see(ros, tmp_path):
    link, robot = opened(wiring(tmp_path)), Robot(ros)
    robot.body()
    robot.joints(0)
    robot.body()
    robot.joints(1, position=[math.nan, 0.0])
    seen = link.read(0.0)
    assert seen is not None
    assert np.isnan(seen.values[0])
    assert np.isfinite(seen.values[1:]).all()
    link.close()


def test_late_messages_are_dropped_and_a_restart_is_told(ros, tmp_path):
    link, robot = opened(wiring(tmp_path)), Robot(ros)
    for period in (0, 1, 2, 1, 2):
        robot.body()
        robot.joints(period)
        link.read(0.0)
    assert link.counters["late"] == 2
    for period in (0, 1):
        robot.body()
        robot.joints(period, start=7.0)
    robot.body()
    robot.joints(2, start=7.0)
    seen = link.read(0.0)
    assert seen is not None
    # The very first after the restart knew no speed: the newest tells of it, and once.
    assert (seen.sequence, seen.reset) == (2, True)
    robot.body()
    robot.joints(3, start=7.0)
    seen = link.read(0.0)
    assert seen is not None
    assert not seen.reset
    link.close()


def test_a_clock_that_is_set_does_not_matter_where_arrivals_count(ros, tmp_path):
    link, robot = opened(wiring(tmp_path, head='stamp = "arrival"')), Robot(ros)
    stamps = []
    for start in (100.0, 4000.0, 1.0):  # the wall clock is set forth and back
        robot.body()
        robot.joints(0, start=start)
        seen = link.read(0.0)
        stamps += [] if seen is None else [seen.stamp_ns]
        time.sleep(DT)
    assert len(stamps) == 2
    assert stamps[1] - stamps[0] >= DT * 1e9
    assert link.counters["late"] == 0
    link.close()


def test_what_acted_is_told_with_the_next_observation(ros, tmp_path):
    link, robot = opened(wiring(tmp_path, head='stamp = "arrival"')), Robot(ros)
    for sequence in range(3):
        robot.body()
        robot.joints(0)
        link.read(0.0)
        link.write(command(sequence, (0.1 * (sequence + 1), 0.0)))
        time.sleep(DT)
    robot.body()
    robot.joints(0)
    seen = link.read(0.0)
    assert seen is not None
    assert seen.applied_sequence == 2
    assert seen.applied[0] == pytest.approx(0.3, abs=0.05)
    link.close()


def test_a_shut_down_ros_is_a_broken_link(ros, tmp_path):
    link = opened(wiring(tmp_path), commands=False)
    ros.rclpy.NODES[0].context.started = False
    with pytest.raises(DeployError, match="shut down"):
        link.read(0.0)
    link.close()
