"""ROS 2: messages made by hand, and the whole link over a stand-in for rclpy (`fakes/ros2`)."""

from __future__ import annotations

import importlib
import json
import math
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from deploy.errors import DeployError
from deploy.runtime.link import open_link
from deploy.runtime.link.base import Command
from deploy.runtime.link.hardware.keeper import Keeper, Order
from deploy.runtime.link.hardware.link import HardwareLink
from deploy.runtime.link.hardware.pose import MissingError
from deploy.runtime.link.ros2.config import parse_ros2
from deploy.runtime.link.ros2.inputs import Ros2Inputs
from deploy.runtime.link.ros2.messages import duration, joint_number, measure, pose_of, stamp_ns
from deploy.runtime.link.ros2.sink import Ros2Sink
from robots import get_robot

FAKES = Path(__file__).parent / "fakes" / "ros2"
EXAMPLE = Path(__file__).parents[4] / "examples" / "ros2" / "half_cheetah.toml"
DT = 0.05

WIRING = """
robot = "cart"
dt = 0.05
{head}
[command]
joints = ["right", "left"]
{command}

[[observation]]
name = "left_angle"
unit = "rad"
topic = "joint_states"
field = "position"
joint = "left"
sign = -1
offset = 0.5

[[observation]]
name = "right_velocity"
unit = "rad/s"
topic = "joint_states"
field = "velocity"
joint = "right"

[[observation]]
name = "up_z"
unit = "1"
topic = "imu"
field = "up_z"

[[observation]]
name = "turn"
unit = "rad/s"
topic = "imu"
field = "angular_velocity.z"

[[observation]]
name = "forward_speed"
unit = "m/s"
topic = "odom"
field = "forward_speed"

[[action]]
name = "left"
unit = "1"
joint = "left"
low = -1.0
high = 1.0
sign = -1
scale = 2.0

[[action]]
name = "right"
unit = "1"
joint = "right"
low = -1.0
high = 1.0
scale = 2.0
joint_high = 1.5
safe = 0.25
"""


def wiring(folder, head="", command=""):
    path = folder / "wiring.toml"
    path.write_text(WIRING.format(head=head, command=command))
    return path


@pytest.fixture
def ros(monkeypatch):
    """The stand-in, fresh for each test."""
    monkeypatch.syspath_prepend(str(FAKES))
    names = ("rclpy", "sensor_msgs", "nav_msgs", "std_msgs", "trajectory_msgs")
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        monkeypatch.delitem(sys.modules, name)
    yield SimpleNamespace(
        rclpy=importlib.import_module("rclpy"),
        sensor=importlib.import_module("sensor_msgs.msg"),
        nav=importlib.import_module("nav_msgs.msg"),
    )
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        del sys.modules[name]


class Robot:
    """Publishes what a cart would."""

    def __init__(self, ros, namespace="/cart"):
        self.ros, self.namespace = ros, namespace

    def say(self, topic, message):
        self.ros.rclpy.deliver(f"{self.namespace}/{topic}", message)

    def joints(self, period, order=("left", "right"), start=100.0, **changes):
        angle, speed = {"left": 0.2, "right": 9.0}, {"left": 8.0, "right": -1.5}
        message = self.ros.sensor.JointState(
            header=self.ros.sensor.header(start + period * DT), name=list(order),
            position=[angle.get(joint, 7.0) for joint in order],
            velocity=[speed.get(joint, 7.0) for joint in order],
        )  # fmt: skip
        for name, value in changes.items():
            setattr(message, name, value)
        self.say("joint_states", message)

    def body(self, x=0.0, w=1.0, z=0.0):
        imu, odom = self.ros.sensor.Imu(), self.ros.nav.Odometry()
        imu.orientation.w, imu.orientation.z = w, z
        imu.angular_velocity.z = 0.75
        odom.pose.pose.position.x = x
        self.say("imu", imu)
        self.say("odom", odom)


class Direct:
    """Commands go to the keeper at once, in this process."""

    def __init__(self, sink):
        self.keeper, self.sink = Keeper(sink), sink

    def send(self, order):
        self.keeper.command(order, time.monotonic_ns())
        return True

    def close(self):
        self.keeper.part(time.monotonic_ns())
        self.sink.close()


def opened(path, commands=True, query=""):
    address = parse_ros2(f"ros2://cart?config={path}{query}")
    inputs = Ros2Inputs(address)
    sink = Direct(Ros2Sink(address)) if commands else None
    return HardwareLink(address.wiring, inputs, sink, "the cart")


def command(sequence=0, values=(0.5, 0.5), valid_s=60.0, **changes):
    given = {"for_sequence": 0, "stamp_ns": 0, "valid_for_ns": round(valid_s * 1e9), **changes}
    return Command(sequence, values=np.array(values, np.float32), **given)


def published(ros):
    return [m for node in ros.rclpy.NODES for _, _, p in node.publishers_made for m in p.messages]


def test_a_joint_is_found_by_its_name_in_every_message(ros):
    state = ros.sensor.JointState
    here = state(name=["a", "b"], position=[1.0, 2.0], velocity=[3.0, 4.0])
    there = state(name=["b", "x", "a"], position=[2.0, 9.0, 1.0], velocity=[4.0, 9.0, 3.0])
    for message in (here, there):
        assert joint_number(message, "a", "position") == 1.0
        assert joint_number(message, "b", "velocity") == 4.0
    for message, named in (
        (state(name=["b"], position=[1.0]), "joint a"),
        (state(name=["a", "a"], position=[1.0, 2.0]), "twice"),
        (state(name=["a"], position=[]), "position of the joints"),
        (state(name=["a", "b"], position=[1.0]), "position of the joints"),
    ):
        with pytest.raises(MissingError, match=named):
            joint_number(message, "a", "position")


def test_a_quaternion_is_taken_with_w_last(ros):
    imu = ros.sensor.Imu()
    imu.orientation = SimpleNamespace(x=0.1, y=0.2, z=0.3, w=0.9)
    assert pose_of("imu", imu).orientation == (0.9, 0.1, 0.2, 0.3)
    imu.orientation_covariance[0] = -1.0
    with pytest.raises(MissingError, match="orientation"):
        pose_of("imu", imu)
    odom = ros.nav.Odometry()
    odom.pose.pose.orientation = SimpleNamespace(x=0.1, y=0.2, z=0.3, w=0.9)
    odom.pose.pose.position.y = 4.0
    assert pose_of("odom", odom).orientation == (0.9, 0.1, 0.2, 0.3)
    assert pose_of("odom", odom).position == (0.0, 4.0, 0.0)


def test_a_twist_is_turned_into_the_world(ros):
    odom = ros.nav.Odometry()
    half = math.pi / 4  # a quarter turn to the left
    odom.pose.pose.orientation = SimpleNamespace(x=0.0, y=0.0, z=math.sin(half), w=math.cos(half))
    odom.twist.twist.linear.x = 2.0
    got = [
        measure(SimpleNamespace(joint="", field=f"world_velocity_{axis}"), odom)  # pyright: ignore
        for axis in "xyz"
    ]
    np.testing.assert_allclose(got, [0.0, 2.0, 0.0], atol=1e-12)


def test_stamps_and_durations(ros):
    assert stamp_ns(ros.sensor.JointState(header=ros.sensor.header(12.5))) == 12_500_000_000
    assert stamp_ns(ros.sensor.JointState()) == 0
    assert duration(0.15) == (0, 150_000_000)
    assert duration(2.000000001) == (2, 1)


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


def test_commands_go_out_in_the_controllers_order_with_signs_and_limits(ros, tmp_path):
    link = opened(wiring(tmp_path))
    link.write(command(0, (0.5, 0.25)))
    link.write(command(1, (-3.0, 3.0)))
    assert [message.data for message in published(ros)] == [[0.5, -1.0], [1.5, 2.0]]
    link.close()


def test_a_trajectory_arrives_after_a_period_and_lasts_until_the_command_expires(ros, tmp_path):
    link = opened(wiring(tmp_path, command='type = "trajectory"'))
    link.write(command(0, (0.5, 0.25)))
    (message,) = published(ros)
    assert message.joint_names == ["right", "left"]
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (0, 0)
    times = [(p.time_from_start.sec, p.time_from_start.nanosec) for p in message.points]
    assert times == [(0, 50_000_000), (0, 150_000_000)]
    assert [point.positions for point in message.points] == [[0.5, -1.0]] * 2
    assert all(not point.velocities and not point.effort for point in message.points)
    link.close()


def test_a_command_that_must_not_be_sent_is_not(ros, tmp_path):
    link = opened(wiring(tmp_path))
    link.write(command(0, armed=False))
    link.write(command(1, (0.5, math.nan)))
    link.write(command(2, (0.5, math.inf)))
    assert published(ros) == []
    assert link.counters["command not finite"] == 2
    with pytest.raises(DeployError, match=r"shape \(3,\); allowed: \(2,\)"):
        link.write(command(3, (0.0, 0.0, 0.0)))
    link.close()
    assert published(ros) == []
    watching = opened(wiring(tmp_path), commands=False)
    watching.write(command())
    assert watching.counters["commands are off"] == 1
    watching.close()
    assert ros.rclpy.NODES == []


def test_an_expired_command_gives_way_to_the_safe_action(ros, tmp_path):
    sink = Ros2Sink(parse_ros2(f"ros2://cart?config={wiring(tmp_path)}"))
    keeper = Keeper(sink)
    keeper.command(Order(np.array([0.5, 0.5]), 150_000_000), 0)
    keeper.repeat(100_000_000)  # a controller holds what it heard
    assert len(published(ros)) == 1
    keeper.repeat(200_000_000)
    assert published(ros)[-1].data == [0.5, 0.0]  # right: 2 * 0.25, left: 0
    sink.close()


def test_a_gait_goes_on_below_a_command_and_stands_still_without(ros, tmp_path):
    path = wiring(tmp_path, head="gait = [[0.0, 0.0], [0.1, -0.1]]")
    sink = Ros2Sink(parse_ros2(f"ros2://cart?config={path}"))
    keeper = Keeper(sink)
    period = 50_000_000
    keeper.command(Order(np.array([0.5, 0.5]), 2 * period, period=7, since_ns=0), 0)
    keeper.repeat(period // 2)
    keeper.repeat(period)
    keeper.repeat(3 * period)
    assert [message.data for message in published(ros)] == [[0.9, -0.9], [1.0, -1.0], [0.5, 0.0]]
    sink.close()


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


def test_subscriptions_are_best_effort_and_commands_are_heard_by_all(ros, tmp_path):
    link = opened(wiring(tmp_path), query="&imu=/imu/data&command=effort/commands")
    listener, speaker = ros.rclpy.NODES
    topics = {topic: qos for topic, _, _, qos in listener.subscriptions_made}
    assert sorted(topics) == ["/cart/joint_states", "/cart/odom", "/imu/data"]
    for qos in topics.values():
        assert (qos.history, qos.depth, qos.reliability) == ("keep last", 1, "best effort")
    ((kind, qos, publisher),) = speaker.publishers_made
    assert (kind.__name__, publisher.topic) == ("Float64MultiArray", "/cart/effort/commands")
    # A reliable subscriber, as ros2_control's are, does not hear a best-effort publisher.
    assert (qos.depth, qos.reliability) == (1, "reliable")
    link.close()


def test_a_shut_down_ros_is_a_broken_link(ros, tmp_path):
    link = opened(wiring(tmp_path), commands=False)
    ros.rclpy.NODES[0].context.started = False
    with pytest.raises(DeployError, match="shut down"):
        link.read(0.0)
    link.close()


@pytest.mark.parametrize(
    ("head", "body", "query", "named"),
    [
        ("", 'type = "spline"', "", "type is 'spline'; allowed: array, trajectory"),
        ("", 'interface = "torque"', "", "interface is 'torque'"),
        ("", 'reliability = "some"', "", "reliability is 'some'"),
        ("", "", "&imu=", "name of a topic"),
        ("", "", "&imu=a b", "name of a topic"),
        ("", "", "&commands=maybe", "commands=maybe"),
        ("colour = 1", "", "", "'colour'"),
    ],
)
def test_what_is_wrong_is_refused_by_name(tmp_path, head, body, query, named):
    path = wiring(tmp_path, head, body)
    with pytest.raises(DeployError, match=named):
        parse_ros2(f"ros2://cart?config={path}{query}")


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('joints = ["right", "left"]', 'joints = ["right"]', "joints are right; allowed: .* left"),
        ('field = "position"', 'field = "angle"', "'left_angle': joint 'left', field 'angle'"),
        ('joint = "left"\nsign', "sign", "'left_angle': joint ''"),
        ('topic = "odom"', 'topic = "imu"', "'forward_speed'.*imu, which knows no place"),
        ('field = "up_z"', 'field = "up_z"\njoint = "left"', "allowed: on joint_states only"),
    ],
)
def test_a_wiring_that_makes_no_sense_is_refused(tmp_path, old, new, named):
    path = wiring(tmp_path)
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    with pytest.raises(DeployError, match=named):
        parse_ros2(f"ros2://cart?config={path}")


def test_without_ros_one_line_says_what_to_do(tmp_path):
    with pytest.raises(DeployError, match=r"source /opt/ros") as caught:
        open_link(f"ros2://cart?config={wiring(tmp_path)}")
    assert "\n" not in str(caught.value)


def test_the_example_is_a_half_cheetah():
    channels = parse_ros2(f"ros2://cheetah?config={EXAMPLE}").wiring.channels
    spec = get_robot("half-cheetah").spec
    assert (channels.robot, channels.dt) == (spec.name, spec.dt)
    for ours, theirs in (
        (spec.observation, channels.observation), (spec.action, channels.action)
    ):  # fmt: skip
        assert [(f.name, f.unit) for f in ours] == [(c.name, c.unit) for c in theirs]
    for field, channel in zip(spec.action, channels.action, strict=True):
        assert (channel.low, channel.high) == (field.low, field.high)


@pytest.mark.parametrize("seed", range(5))
def test_through_the_example_a_half_cheetah_observes_what_its_simulator_does(ros, seed):
    robot, random = get_robot("half-cheetah"), np.random.default_rng(seed)
    before, now, qvel = random.normal(size=(3, 9))
    address = parse_ros2(f"ros2://cart?config={EXAMPLE}&commands=off")
    link, said = HardwareLink(address.wiring, Ros2Inputs(address), None, "it"), Robot(ros)
    for period, (x, z, pitch, *joints) in enumerate((before, now)):
        imu, odom = ros.sensor.Imu(), ros.nav.Odometry()
        turned = SimpleNamespace(x=0.0, y=math.sin(pitch / 2), z=0.0, w=math.cos(pitch / 2))
        imu.orientation = odom.pose.pose.orientation = turned
        imu.angular_velocity.y = qvel[2]
        odom.pose.pose.position.x, odom.pose.pose.position.z = x, z
        # A twist is along the axes of the torso; y points away, so nose down is positive.
        cos, sin = math.cos(pitch), math.sin(pitch)
        odom.twist.twist.linear.x = cos * qvel[0] - sin * qvel[1]
        odom.twist.twist.linear.z = sin * qvel[0] + cos * qvel[1]
        said.say("imu", imu)
        said.say("odom", odom)
        order = random.permutation(6)
        said.joints(
            period, order=[robot.joints[i] for i in order],
            position=[joints[i] for i in order], velocity=[qvel[3 + i] for i in order],
        )  # fmt: skip
    seen = link.read(0.0)
    assert seen is not None
    expected = robot.observe(now[None], qvel[None], before[None], np.zeros(1))[0]
    expected[1] = math.remainder(expected[1], 2 * math.pi)
    np.testing.assert_allclose(seen.values, expected, rtol=1e-5, atol=1e-5)
    link.close()


# The whole of it, with the keeper in its own process.


def test_a_robot_that_does_not_come_is_told_with_what_did(ros, tmp_path, monkeypatch):
    deliver = ros.rclpy.create_node

    def with_a_robot(*arguments, **options):
        node = deliver(*arguments, **options)
        ros.rclpy.WAITING.append((lambda message: Robot(ros).joints(0), None))
        return node

    monkeypatch.setattr(ros.rclpy, "create_node", with_a_robot)
    with pytest.raises(DeployError, match="came joint_states; missing imu: 1 times"):
        importlib.import_module("deploy.runtime.link.ros2").open_link(
            f"ros2://cart?config={wiring(tmp_path)}&commands=off", greeting_s=0.1
        )
    assert ros.rclpy.NODES == []


def node_with_a_robot(ros):
    """`create_node`, and a robot that has spoken for two periods."""
    robot, create = Robot(ros), ros.rclpy.create_node

    def with_a_robot(*arguments, **options):
        node = create(*arguments, **options)
        for period in range(2):
            ros.rclpy.WAITING.append((lambda message: robot.body(), None))
            ros.rclpy.WAITING.append((lambda message, at=period: robot.joints(at), None))
        return node

    return with_a_robot


def test_who_watches_has_no_keeper_of_commands(ros, tmp_path, monkeypatch):
    def keeper(*arguments):
        raise AssertionError("a keeper was started")

    monkeypatch.setattr(ros.rclpy, "create_node", node_with_a_robot(ros))
    monkeypatch.setattr("deploy.runtime.link.hardware.connect.KeeperProcess", keeper)
    link = open_link(f"ros2://cart?config={wiring(tmp_path)}", watch=True)
    assert link.read(0.0) is not None
    link.close()
    with pytest.raises(AssertionError, match="a keeper was started"):
        open_link(f"ros2://cart?config={wiring(tmp_path)}")


def test_a_command_reaches_the_controller_and_expires_there(ros, tmp_path, monkeypatch):
    log = tmp_path / "log"
    monkeypatch.setenv("FAKE_ROBOT_LOG", str(log))
    monkeypatch.setattr(ros.rclpy, "create_node", node_with_a_robot(ros))
    link = open_link(f"ros2://cart?config={wiring(tmp_path)}")
    assert link.read(0.0) is not None
    link.write(command(0, (0.5, 0.5), valid_s=0.1))
    end = time.monotonic() + 5.0
    while time.monotonic() < end and (not log.exists() or len(log.read_text().splitlines()) < 2):
        time.sleep(0.01)
    link.close()
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert {topic for _, topic, _ in said} == {"/cart/commands"}
    assert said[0][2] == [1.0, -1.0]
    assert all(data == [0.5, 0.0] for _, _, data in said[1:])
    assert len(said) >= 2
