"""ROS 2's own Python library, imported when it is needed."""

from __future__ import annotations

import importlib
from typing import Any

from deploy.errors import DeployError

__all__ = ["Ros2Node", "message_type"]


def _module(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DeployError(
            f"link: ros2:// needs {name.partition('.')[0]}, which comes with ROS 2 and is on no "
            f"package index: install a distribution for this Python, then in this shell "
            f"source /opt/ros/DISTRIBUTION/setup.bash ({error})"
        ) from error


def message_type(package: str, name: str) -> Any:
    """A message's class, such as `sensor_msgs`, `JointState`.

    Raises:
        DeployError: ROS 2, or that package of it, is not there.
    """
    return getattr(_module(f"{package}.msg"), name)


class Ros2Node:
    """A node with a context and an executor of its own, which no signal handler ends.

    Args:
        name: of the node.
        namespace: of its topics.

    Raises:
        DeployError: ROS 2 is not there, or cannot be started.
    """

    def __init__(self, name: str, namespace: str) -> None:
        self._rclpy = _module("rclpy")
        self._context = _module("rclpy.context").Context()
        signals = _module("rclpy.signals").SignalHandlerOptions
        qos = self._qos = _module("rclpy.qos")
        self._reliability = {
            "reliable": qos.ReliabilityPolicy.RELIABLE,
            "best-effort": qos.ReliabilityPolicy.BEST_EFFORT,
        }
        try:
            # Ctrl-C is for the shield, which then ends this.
            self._rclpy.init(context=self._context, signal_handler_options=signals.NO)
            self.node = self._rclpy.create_node(name, context=self._context, namespace=namespace)
            executors = _module("rclpy.executors")
            self._executor = executors.SingleThreadedExecutor(context=self._context)
            self._executor.add_node(self.node)
        except Exception as error:
            raise DeployError(f"link: ROS 2 does not start: {error}") from error

    def newest_only(self, reliability: str) -> Any:
        """The quality of service: of all messages that wait, the newest."""
        qos = self._qos
        return qos.QoSProfile(
            history=qos.HistoryPolicy.KEEP_LAST, depth=1,
            reliability=self._reliability[reliability],
        )  # fmt: skip

    def spin_once(self, timeout_s: float) -> None:
        """Let one callback run, if one comes in time.

        Raises:
            DeployError: ROS 2 was shut down.
        """
        if not self._context.ok():
            raise DeployError("link: ROS 2 was shut down")
        self._executor.spin_once(timeout_sec=timeout_s)

    def close(self) -> None:
        """Shut down."""
        self._executor.shutdown()
        self.node.destroy_node()
        self._rclpy.shutdown(context=self._context)
