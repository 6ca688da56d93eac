import time

import rclpy


class SingleThreadedExecutor:
    def __init__(self, *, context):
        self.context = context

    def add_node(self, node):
        self.node = node

    def spin_once(self, timeout_sec):
        end = time.monotonic() + timeout_sec
        while not rclpy.WAITING and time.monotonic() < end:
            time.sleep(0.001)
        if rclpy.WAITING:
            callback, message = rclpy.WAITING.pop(0)
            callback(message)

    def shutdown(self):
        pass
