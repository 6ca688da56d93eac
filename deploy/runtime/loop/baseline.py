"""A bare loop that only sleeps to absolute deadlines: what the machine itself allows.

`python -m deploy.runtime.loop.baseline PERIOD_S PRIORITY` runs until its standard input closes, and
prints how late it woke, as JSON. Measured beside the shield, it tells the loop's lateness from the
machine's.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from typing import Any

from deploy.errors import DeployError
from deploy.runtime.loop.clock import Grid, MonotonicClock
from deploy.runtime.loop.hygiene import prepare
from deploy.runtime.loop.statistics import TimesTable

__all__ = ["Baseline", "bare_loop"]


def bare_loop(period_s: float, priority: int, warm_up: int = 20) -> dict[str, Any]:
    """Sleep until standard input closes.

    Args:
        period_s: control period [s].
        priority: as the shield's.
        warm_up: first periods that are not counted.

    Returns:
        `ticks`, `skipped` and `stages_ms` with `wake` and `jitter`.
    """
    prepare(priority)
    clock = MonotonicClock()
    grid = Grid(clock.now_ns(), round(period_s * 1e9))
    times = TimesTable()
    ticks = skipped = last = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        clock.sleep_until(grid.due_ns)
        now = clock.now_ns()
        ticks += 1
        if ticks > warm_up:
            times.add("wake", (now - grid.due_ns) * 1e-9)
            times.add("jitter", abs(now - last - grid.period_ns) * 1e-9)
        last = now
        skipped += grid.advance(now)
    return {"ticks": ticks, "skipped": skipped, "stages_ms": times.summary()}


class Baseline:
    """The bare loop in a process of its own.

    Args:
        period_s: control period [s].
        priority: as the shield's.
    """

    def __init__(self, period_s: float, priority: int) -> None:
        command = [sys.executable, "-m", __name__, repr(period_s), str(priority)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, stdin=pipe, stdout=pipe, start_new_session=True)

    def finish(self) -> dict[str, Any]:
        """End it; returns what it measured."""
        try:
            output, _ = self._process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise DeployError("baseline: the bare loop did not end") from None
        return json.loads(output) if output else {}


if __name__ == "__main__":
    print(json.dumps(bare_loop(float(sys.argv[1]), int(sys.argv[2]))))
