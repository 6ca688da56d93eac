"""The calls of unitree_sdk2py.core.channel that the link makes, without DDS."""

import json
import os
import time

JOINED = []
SUBSCRIBERS = []


def ChannelFactoryInitialize(id=0, networkInterface=None):  # noqa: A002, N802, N803
    if networkInterface == "nowhere":
        raise Exception("channel factory init error.")
    JOINED.append((id, networkInterface))


def deliver(topic, message):
    """A message from the robot to whoever subscribed."""
    for subscriber in SUBSCRIBERS:
        if subscriber.topic == topic:
            subscriber.handler(message)


class ChannelSubscriber:
    def __init__(self, name, type):  # noqa: A002
        self.topic, self.type = name, type

    def Init(self, handler, queueLen):  # noqa: N802, N803
        self.handler = handler
        SUBSCRIBERS.append(self)

    def Close(self):  # noqa: N802
        SUBSCRIBERS.remove(self)


class ChannelPublisher:
    def __init__(self, name, type):  # noqa: A002
        self.topic, self.type, self.ready = name, type, False

    def Init(self):  # noqa: N802
        self.ready = True

    def Write(self, sample, timeout=None):  # noqa: N802
        assert self.ready
        if path := os.environ.get("FAKE_ROBOT_LOG"):
            motors = [[motor.q, motor.dq, motor.kp, motor.kd] for motor in sample.motor_cmd]
            with open(path, "a") as log:
                log.write(json.dumps([time.monotonic_ns(), self.topic, motors]) + "\n")
        return True

    def Close(self):  # noqa: N802
        self.ready = False
