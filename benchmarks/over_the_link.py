"""What the way over UDP costs: a bundle's return there, and in this process, on the same seeds.

    python benchmarks/over_the_link.py runs/hc.bundle --perturb crippled-leg:back@5s --seeds 5 \
        --out runs/over-the-link

In this process the run is deterministic and in simulated time. Over the link it is in real time,
robot in another process. With `--delay 0` a command acts in the period that its observation began,
as it does in this process; with 1, as on a robot, in the next one, and the run in this process
plans a period ahead as well.
"""

from __future__ import annotations

import argparse
import json
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

from adaptive_control.files import write_json
from deploy.runtime.bundle.manifest import read_manifest
from deploy.runtime.bundle.names import MANIFEST

COMMAND = (sys.executable, "-m", "adaptive_control")


def run(arguments: argparse.Namespace, robot: str, seed: int, name: str, *more: str) -> float:
    """The return of one run against `robot`."""
    summary = arguments.out / f"{name}-{seed}.json"
    command = [*COMMAND, "run", str(arguments.bundle), "--robot", robot, "--arm", "--no-view",
               "--no-stop-on-fall", "--seconds", str(arguments.seconds), "--seed", str(seed),
               "--json", str(summary), "--faults", str(arguments.out / "faults"),
               *more]  # fmt: skip
    status = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL).returncode
    if status not in (0, 3):
        raise SystemExit(f"the run failed with status {status}")
    return float(json.loads(summary.read_text())["return"])


def over_udp(arguments: argparse.Namespace, robot: str, seed: int) -> float:
    """The return with the robot in another process."""
    process = subprocess.Popen(
        [*COMMAND, "simulate", robot, "--listen", "udp://127.0.0.1:0", "--quiet", "--seed",
         str(seed), "--perturb", arguments.perturb, "--delay", str(arguments.delay)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        found = re.search(r"udp://\S+:\d+", process.stdout.readline())
        if found is None:
            raise SystemExit("the robot did not start")
        return run(arguments, found.group(), seed, "udp")
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)


def main() -> None:
    """Measure, write over-the-link.json, print."""
    parser = argparse.ArgumentParser(description="Returns over UDP and in process.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--perturb", default="none")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--delay", type=int, choices=(0, 1), default=0)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    name = read_manifest((arguments.bundle / MANIFEST).read_bytes()).robot
    rows: list[dict[str, Any]] = []
    for seed in range(arguments.seeds):
        here = run(
            arguments, f"sim:{name}?perturb={arguments.perturb}&seed={seed}", seed, "in-process",
            "--deterministic", "--lead", str(arguments.delay),
        )  # fmt: skip
        there = over_udp(arguments, name, seed)
        rows.append({"seed": seed, "in_process": here, "udp": there})
        print(f"seed {seed}: in process {here:.1f}, over UDP {there:.1f}", flush=True)
    here, there = (np.array([row[key] for row in rows]) for key in ("in_process", "udp"))
    print(f"mean {here.mean():.1f}, {there.mean():.1f}: {there.mean() / here.mean():.3f}")
    write_json(arguments.out / "over-the-link.json", {"delay": arguments.delay, "runs": rows})


if __name__ == "__main__":
    main()
