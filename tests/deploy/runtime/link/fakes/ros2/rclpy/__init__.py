"""The calls of rclpy that the link makes, without ROS: messages go through a list."""

from __future__ import annotations

import json
import os
import time

NODES = []
WAITING = []


def deliver(topic, message):
    """A message from the robot to whoever subscribed."""
    for node in NODES:
        for subscribed, _, callback, _ in node.subscriptions_made:
            if subscribed == topic:
                WAITING.append((callback, message))


class Publisher:
    def __init__(self, topic):
        self.topic, self.messages = topic, []

    def publish(self, message):
        self.messages.append(message)
        if path := os.environ.get("FAKE_ROBOT_LOG"):
            line = json.dumps([time.monotonic_ns(), self.topic, list(message.data)])
            with open(path, "a") as log:
                log.write(line + "\n")


class Node:
    def __init__(self, name, context, namespace):
        self.name, self.context, self.namespace = name, context, namespace
        self.subscriptions_made, self.publishers_made = [], []

    def _full(self, topic):
        return topic if topic.startswith("/") else self.namespace.rstrip("/") + "/" + topic

    def create_subscription(self, msg_type, topic, callback, qos_profile):
        self.subscriptions_made.append((self._full(topic), msg_type, callback, qos_profile))

    def create_publisher(self, msg_type, topic, qos_profile):
        self.publishers_made.append((msg_type, qos_profile, Publisher(self._full(topic))))
        return self.publishers_made[-1][2]

    def destroy_node(self):
        NODES.remove(self)


def init(*, context, signal_handler_options):
    assert signal_handler_options == "no signal handlers"
    context.started = True


def create_node(node_name, *, context, namespace):
    assert context.started
    NODES.append(Node(node_name, context, namespace))
    return NODES[-1]


def shutdown(*, context):
    context.started = False
