"""Bare loops that do nothing but sleep: what the machine itself allows.

`python -m deploy.runtime.loop.baseline HOW PERIOD_S PRIORITY` runs until its standard input closes,
and prints how late it woke, as JSON. Measured beside the shield, it tells the loop's lateness from
the machine's.
"""

from __future__ import annotations

import json
import math
import select
import subprocess
import sys
import time
from typing import Any

from deploy.errors import DeployError
from deploy.runtime.loop.clock import Grid, MonotonicClock
from deploy.runtime.loop.hygiene import prepare
from deploy.runtime.loop.statistics import TimesTable

__all__ = ["HOW", "Baseline", "bare_loop"]

HOW = ("deadlines", "sleep")
"""Sleeping to absolute deadlines, as the shield does; or a period after each waking: it drifts."""


def bare_loop(how: str, period_s: float, priority: int, warm_up: int = 20) -> dict[str, Any]:
    """Sleep until standard input closes.

    Args:
        how: one of `HOW`.
        period_s: control period [s].
        priority: as the shield's.
        warm_up: first periods that are not counted.

    Returns:
        `ticks`, `skipped`, `rate` [Hz] and `stages_ms` with `wake` (how late) and `jitter` (how far
        the time between two ticks was off the period).
    """
    prepare(priority)
    clock = MonotonicClock()
    grid = Grid(clock.now_ns(), round(period_s * 1e9))
    times = TimesTable()
    ticks = skipped = first = last = 0
    while not select.select([sys.stdin], [], [], 0)[0]:
        due = grid.due_ns
        if how == "deadlines":
            clock.sleep_until(due)
        else:
            due = clock.now_ns() + grid.period_ns
            time.sleep(period_s)
        now = clock.now_ns()
        ticks += 1
        if ticks > warm_up:
            times.add("wake", (now - due) * 1e-9)
            times.add("jitter", abs(now - last - grid.period_ns) * 1e-9)
        first, last = first or now, now
        skipped += grid.advance(now) if how == "deadlines" else 0
    rate = (ticks - 1) / ((last - first) * 1e-9) if last > first else math.nan
    return {"ticks": ticks, "skipped": skipped, "rate": rate, "stages_ms": times.summary()}


class Baseline:
    """Both bare loops, each in a process of its own.

    Args:
        period_s: control period [s].
        priority: as the shield's.
    """

    def __init__(self, period_s: float, priority: int) -> None:
        pipe = subprocess.PIPE
        self._processes = {
            how: subprocess.Popen(
                [sys.executable, "-m", __name__, how, repr(period_s), str(priority)],
                stdin=pipe, stdout=pipe, start_new_session=True,
            )
            for how in HOW
        }  # fmt: skip

    def finish(self) -> dict[str, Any]:
        """End them; returns what each measured."""
        return {how: self._finish(process) for how, process in self._processes.items()}

    @staticmethod
    def _finish(process: subprocess.Popen[bytes]) -> dict[str, Any]:
        try:
            output, _ = process.communicate(timeout=10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise DeployError("baseline: a bare loop did not end") from None
        return json.loads(output) if output else {}


if __name__ == "__main__":
    print(json.dumps(bare_loop(sys.argv[1], float(sys.argv[2]), int(sys.argv[3]))))
