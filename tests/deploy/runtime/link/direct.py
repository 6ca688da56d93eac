"""A link's commands without the keeper's own process."""

from __future__ import annotations

import time

from deploy.runtime.link.hardware.keeper import Keeper


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
