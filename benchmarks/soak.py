"""An hour of simulated time as fast as it goes: does memory stay flat, does nothing drift?

    python benchmarks/soak.py runs/hc.bundle --hours 1 --out runs/soak-half-cheetah

Runs `adaptive-control run --deterministic` in another process, watches its memory, and then reads
its log: every tick must be in it, the deadlines must lie on their grid to the nanosecond, and a
tick must take as long at the end as at the beginning. Writes soak.json and soak.md.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from mcap.reader import make_reader

from adaptive_control.files import write_json, write_text
from deploy.runtime.bundle.manifest import read_manifest
from deploy.runtime.bundle.names import MANIFEST
from deploy.runtime.log.topics import TICK

PARTS = 10
"""The run in tenths: each has its memory and its time a tick."""
MIB = 2**20


def resident(pid: int) -> int:
    """Memory of a process and those that it started [bytes]; 0 once it is gone."""
    total = 0
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        total = pages * 4096
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, IndexError):
        return total
    return total + sum(resident(int(child)) for child in children)


def run(arguments: argparse.Namespace, out: Path) -> tuple[int, np.ndarray]:
    """Exit status of the run, and `[n, 2]` seconds since its start and bytes of memory."""
    command = [
        sys.executable, "-m", "adaptive_control", "run", str(arguments.bundle), "--deterministic",
        "--arm", "--no-view", "--no-stop-on-fall", "--seconds", str(3600 * arguments.hours),
        "--robot", f"sim:{arguments.robot}?perturb={arguments.perturb}&seed={arguments.seed}",
        "--seed", str(arguments.seed), "--planner", arguments.planner,
        "--log", str(out / "soak.mcap"), "--json", str(out / "run.json"),
        "--faults", str(out / "faults"),
    ]  # fmt: skip
    samples = []
    start = time.monotonic()
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
    try:
        while process.poll() is None:
            samples.append((time.monotonic() - start, resident(process.pid)))
            time.sleep(arguments.every)
    finally:
        process.kill()
        process.wait()
    return process.returncode, np.array([sample for sample in samples if sample[1]], float)


@dataclass
class Ticks:
    """Of the log, a row a tick: number, deadline [ns], wall clock [ns]."""

    rows: np.ndarray
    size: int

    def missing(self, expected: int) -> int:
        """Ticks of the run that are not in the log, or there twice."""
        return abs(expected - len(self.rows)) + int((np.diff(self.rows[:, 0]) != 1).sum())

    def drift_ns(self, period_ns: int) -> int:
        """Greatest distance of a deadline from the grid that the first one began."""
        first = self.rows[0]
        return int(
            np.abs(self.rows[:, 1] - first[1] - period_ns * (self.rows[:, 0] - first[0])).max()
        )

    def tick_ms(self) -> list[float]:
        """Median time that a tick took, by tenths of the run."""
        taken = np.diff(self.rows[:, 2]) * 1e-6
        return [float(np.median(part)) for part in np.array_split(taken, PARTS)]


_NUMBERS = re.compile(rb'"(tick|due_ns|wall_ns)": (\d+)')


def read_ticks(path: Path) -> Ticks:
    """All ticks of a log, without keeping the whole of it in memory."""
    rows = []
    with path.open("rb") as file:
        for _, _, message in make_reader(file).iter_messages(topics=[TICK]):
            found = dict(_NUMBERS.findall(message.data))
            rows.append([int(found[name]) for name in (b"tick", b"due_ns", b"wall_ns")])
    return Ticks(np.array(rows, np.int64), path.stat().st_size)


def memory(samples: np.ndarray) -> dict[str, Any]:
    """By tenths of the run [MiB], and the slope over its second half [MiB an hour of run time]."""
    half = samples[len(samples) // 2 :]
    parts = np.array_split(samples[:, 1] / MIB, PARTS)
    seconds, used = half[:, 0], half[:, 1] / MIB
    slope = 3600 * np.polyfit(seconds, used, 1)[0] if len(half) > 2 else float("nan")
    return {
        "mib": [float(np.median(part)) for part in parts if len(part)],
        "greatest_mib": float(samples[:, 1].max() / MIB),
        "growth_second_half_mib": float(used[-1] - used[0]),
        "slope_mib_per_hour": float(slope),
        "samples": len(samples),
    }


def report(result: dict[str, Any]) -> str:
    """The table."""
    used, ticks = result["memory"], result["tick_ms"]
    rows = {
        "ended": result["ended"],
        "simulated time": f"{result['simulated_s']:.0f} s in {result['wall_s']:.0f} s",
        "ticks": f"{result['ticks']}, asked for {result['expected']}",
        "ticks missing in the log": result["missing"],
        "greatest distance of a deadline from its grid": f"{result['drift_ns']} ns",
        "median time a tick, by tenths of the run": ", ".join(f"{t:.2f}" for t in ticks) + " ms",
        "memory, by tenths of the run": ", ".join(f"{m:.1f}" for m in used["mib"]) + " MiB",
        "its growth over the second half": f"{used['growth_second_half_mib']:+.2f} MiB",
        "size of the log": f"{result['log_mib']:.0f} MiB",
        "modes": ", ".join(f"{mode} {n}" for mode, n in result["modes"].items()),
    }
    return "| | |\n|---|---|\n" + "".join(f"| {name} | {text} |\n" for name, text in rows.items())


def main() -> int:
    """Run, watch, read, write; returns 1 if the run ended early or a tick is missing."""
    parser = argparse.ArgumentParser(description="An hour of simulated time, memory and log.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--hours", type=float, default=1.0, help="of simulated time")
    parser.add_argument("--perturb", default="none")
    parser.add_argument("--planner", default="", help="in place of the bundle's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--every", type=float, default=2.0, help="seconds between looks at memory")
    parser.add_argument("--keep-log", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    manifest = read_manifest((arguments.bundle / MANIFEST).read_bytes())
    arguments.robot = manifest.robot
    out = arguments.out
    out.mkdir(parents=True, exist_ok=True)
    status, samples = run(arguments, out)
    if status not in (0, 3):
        raise SystemExit(f"the run failed with status {status}")
    summary = json.loads((out / "run.json").read_text())
    ticks = read_ticks(out / "soak.mcap")
    # One tick more than periods, and one before the robot's episode begins.
    expected = round(3600 * arguments.hours / manifest.dt)
    result = {
        "settings": {k: str(v) if isinstance(v, Path) else v for k, v in vars(arguments).items()},
        "status": status,
        "ended": summary["ended"],
        "expected": expected,
        "ticks": summary["ticks"],
        "simulated_s": summary["steps"] * manifest.dt,
        "wall_s": float(samples[-1, 0]),
        "missing": ticks.missing(summary["ticks"]),
        "drift_ns": ticks.drift_ns(round(manifest.dt * 1e9)),
        "tick_ms": ticks.tick_ms(),
        "log_mib": ticks.size / MIB,
        "memory": memory(samples),
        "modes": summary["ticks_in_mode"],
        "lost_logs": summary["lost_logs"],
        "return": summary["return"],
    }
    write_json(out / "soak.json", result)
    write_text(out / "soak.md", report(result))
    if not arguments.keep_log:
        (out / "soak.mcap").unlink()
    print(f"\n{report(result)}written: {out / 'soak.md'}")
    whole = not result["missing"] and not result["lost_logs"] and not result["drift_ns"]
    return int(not (whole and summary["ticks"] >= expected))


if __name__ == "__main__":
    raise SystemExit(main())
