"""What an open page costs the control loop: its work in a control step, page closed and open.

    python benchmarks/live_latency.py --seconds 30

The loop of `adaptive-control live` runs in this process as it does there, without a browser, then
with one, in turns, so that neither has the warmer machine. Headless Chromium draws in software and
fills every core that it finds; a browser elsewhere, or with a GPU, does not. So it has the last
core to itself, and the loop the others; with `--compete` both have all.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache

import numpy as np
import torch
import viser

from adaptive_control.live.loop import ControlLoop
from adaptive_control.live.page import Page
from adaptive_control.pretrained import planner_for, pretrained_path
from adaptive_control.training import LoadedModel, load_model
from robots import get_robot

FLAGS = (
    "--headless", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
    "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--remote-debugging-port=0",
)  # fmt: skip

_LOADING_S = 8.0
"""A browser that has connected fetches and builds the scene; that is over by then."""


@contextmanager
def browser(url: str, server: viser.ViserServer, cores: set[int]) -> Iterator[None]:
    """The page in a browser on these cores, once it is connected."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        raise SystemExit("no chromium on the path")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [chromium, *FLAGS, f"--user-data-dir={profile}", url],
            preexec_fn=lambda: os.sched_setaffinity(0, cores),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            end = time.monotonic() + 120
            while not server.get_clients():
                if time.monotonic() > end:
                    raise SystemExit("the browser did not connect")
                time.sleep(0.2)
            time.sleep(_LOADING_S)
            yield
        finally:
            process.terminate()
            process.wait()


def measure(loop: ControlLoop, seconds: float) -> tuple[np.ndarray, int]:
    """Work of each control step [s], and how many began late."""
    ticks, number = [], loop.slot.number
    _, first = loop.slot.newer_than(0, 1.0)
    assert first is not None, "a loop publishes before it starts"
    late, end = first.late, time.monotonic() + seconds
    while time.monotonic() < end:
        number, snapshot = loop.slot.newer_than(number, 0.5)
        if snapshot is not None:
            ticks.append(snapshot.tick_s)
            first = snapshot
    return np.array(ticks), first.late - late


def main() -> None:
    """Measure in turns and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--robot", default="half-cheetah")
    parser.add_argument("--models", default="grbal,mb", help="the robot's, and its twin's")
    parser.add_argument("--planner", default="", help="default: the robot's own")
    parser.add_argument("--seconds", type=float, default=30.0, help="of each turn")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--compete", action="store_true", help="loop and browser on all cores")
    arguments = parser.parse_args()

    @cache
    def load(name: str) -> LoadedModel:
        return load_model(pretrained_path(arguments.robot, name), arguments.robot)

    theirs = cores = os.sched_getaffinity(0)
    if len(cores) > 1 and not arguments.compete:
        theirs = {max(cores)}
        os.sched_setaffinity(0, cores - theirs)  # before any thread begins
    torch.set_num_threads(1)
    robot = get_robot(arguments.robot)
    names = tuple(arguments.models.split(","))
    loop = ControlLoop(robot, names, load, planner_for(arguments.robot, arguments.planner))
    server = viser.ViserServer(host="127.0.0.1", port=0, verbose=False)
    page = Page(server, robot, loop.slot, loop.send, names)
    loop.start()
    page.start()
    url = f"http://127.0.0.1:{server.get_port()}"
    found: dict[str, list[np.ndarray]] = {"closed": [], "open": []}
    late = {"closed": 0, "open": 0}
    try:
        time.sleep(2.0)  # the first products are slow
        for _ in range(arguments.turns):
            for state in found:
                opened = browser(url, server, theirs)
                with opened if state == "open" else nullcontext():
                    ticks, missed = measure(loop, arguments.seconds)
                found[state].append(ticks)
                late[state] += missed
    finally:
        loop.stop()
        page.stop()
        server.stop()
    print(
        f"| page | steps | p50 [ms] | p99 [ms] | late steps | period {1e3 * robot.spec.dt:g} ms |"
    )
    print("| --- | ---: | ---: | ---: | ---: | --- |")
    for state, turns in found.items():
        ticks = 1e3 * np.concatenate(turns)
        p50, p99 = np.percentile(ticks, [50, 99])
        print(f"| {state} | {len(ticks)} | {p50:.1f} | {p99:.1f} | {late[state]} |")


if __name__ == "__main__":
    main()
