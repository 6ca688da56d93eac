"""A bundle at rate over UDP, robot in another process, beside loops that do nothing but sleep.

    python benchmarks/realtime.py runs/hc.bundle --seconds 600 --out runs/realtime-half-cheetah

Starts `adaptive-control simulate` and `adaptive-control run --baseline` against it, and writes
realtime.json and realtime.md: ticks, missed deadlines with their causes, the shield's jitter beside
that of the bare loops at the same period and at the same time, and the time of each stage. Run it
on an idle machine: it measures whatever else happens there as well (--busy N makes that happen).
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from adaptive_control.files import write_json, write_text
from deploy.runtime.bundle.manifest import Manifest, read_manifest
from deploy.runtime.bundle.names import MANIFEST

COMMAND = (sys.executable, "-m", "adaptive_control")
QUANTILES = ("p50", "p95", "p99", "max")
MOST_CAUSES = 20


@contextmanager
def robot(manifest: Manifest, arguments: argparse.Namespace) -> Iterator[tuple[str, list[str]]]:
    """The robot in another process: its address, and later what it said at its end."""
    process = subprocess.Popen(
        [*COMMAND, "simulate", manifest.robot, "--listen", "udp://127.0.0.1:0", "--quiet",
         "--perturb", arguments.perturb, "--seed", str(arguments.seed)],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said: list[str] = []
    if arguments.robot_priority:
        # A real robot's electronics do not wait for our cores.
        with suppress(OSError):
            wanted = os.sched_param(arguments.robot_priority)
            os.sched_setscheduler(process.pid, os.SCHED_FIFO, wanted)
            said.append(f"SCHED_FIFO, priority {arguments.robot_priority}")
    try:
        found = re.search(r"udp://\S+:\d+", process.stdout.readline())
        if found is None:
            raise SystemExit("the robot did not start")
        yield found.group(), said
        process.send_signal(signal.SIGINT)
        said += process.communicate(timeout=30)[0].splitlines()
    finally:
        process.kill()
        process.wait()


@contextmanager
def busy(count: int) -> Iterator[None]:
    """Processes that keep the cores from everybody else."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    """The summary of the run, and what the robot saw of it."""
    manifest = read_manifest((arguments.bundle / MANIFEST).read_bytes())
    out = arguments.out
    load = os.getloadavg()[0]
    with robot(manifest, arguments) as (address, said), busy(arguments.busy):
        command = [*COMMAND, "run", str(arguments.bundle), "--robot", address, "--arm", "--no-view",
                   "--no-stop-on-fall", "--seconds", str(arguments.seconds), "--baseline",
                   "--seed", str(arguments.seed), "--lead", str(arguments.lead),
                   "--priority", str(arguments.priority), "--planner", arguments.planner,
                   "--json", str(out / "run.json"), "--log", str(out / "run.mcap"),
                   "--faults", str(out / "faults")]  # fmt: skip
        status = subprocess.run(command, stdin=subprocess.DEVNULL).returncode
    if status not in (0, 3):
        raise SystemExit(f"the run failed with status {status}")
    summary = json.loads((out / "run.json").read_text())
    settings = {k: str(v) if isinstance(v, Path) else v for k, v in vars(arguments).items()}
    return {
        "settings": settings, "period_ms": 1e3 * manifest.dt, "load_before": load,
        "cores": os.cpu_count(), "robot": said, "status": status, "run": summary,
    }  # fmt: skip


def causes(misses: list[dict[str, Any]], who: str) -> list[tuple[str, int]]:
    """How often each cause was given, whatever the figures in it."""
    given = Counter(re.sub(r"\d+(\.\d+)?", "#", m["cause"]) for m in misses if m["who"] == who)
    return given.most_common(MOST_CAUSES)


def report(result: dict[str, Any]) -> str:
    """The tables."""
    run, ticks = result["run"], max(1, result["run"]["ticks"])
    misses = run["misses"]
    lines = [
        f"`{run['robot']}`, control period {result['period_ms']:g} ms, {result['cores']} cores, "
        f"load {result['load_before']:.1f} before the run; ended: {run['ended']}.",
        "",
        "| | |",
        "|---|---:|",
        f"| ticks | {run['ticks']} |",
        f"| skipped | {run['skipped']} |",
        f"| shield: deadlines missed | {misses['shield']} |",
        f"| planner: deadlines missed | {misses['planner']} "
        f"({100 * misses['planner'] / ticks:.3f} %) |",
        *(f"| ticks in {mode.upper()} | {n} |" for mode, n in run["ticks_in_mode"].items()),
        f"| packets dropped | {sum(run['dropped'].values())} |",
        f"| return | {run['return']:.1f} |",
        "",
        "| loop | rate [Hz] | jitter p50 [ms] | p95 | p99 | max | woke late p50 [ms] | p99 | max |",
        "|---|" + "---:|" * 8,
    ]
    bare = run["baseline"]
    rows = {"shield": (run["rate"], run["stages_ms"])}
    rows |= {f"bare loop, {how}": (bare[how]["rate"], bare[how]["stages_ms"]) for how in bare}
    for name, (rate, stages) in rows.items():
        late = [stages["wake"][q] for q in ("p50", "p99", "max")]
        figures = [*(stages["jitter"][q] for q in QUANTILES), *late]
        lines.append(f"| {name} | {rate:.3f} | " + " | ".join(f"{f:.3f}" for f in figures) + " |")
    warm_up = run["warm_up"]
    lines += ["", f"Without the first {warm_up['ticks']} ticks:", ""]
    lines += ["| stage | p50 [ms] | p95 | p99 | max | max of the first ticks |"]
    lines += ["|---|" + "---:|" * 5]
    for stage, times in run["stages_ms"].items():
        first = warm_up["stages_ms"].get(stage, {}).get("max")
        cells = [f"{times[q]:.3f}" for q in QUANTILES] + ["" if first is None else f"{first:.3f}"]
        lines.append(f"| {stage} | " + " | ".join(cells) + " |")
    for who in ("shield", "planner"):
        found = causes(misses["list"], who)
        lines += ["", f"Why the {who} missed:", ""] if found else []
        lines += [f"- {count} x {cause}" for cause, count in found]
    lines += ["", *(f"Robot: {line}" for line in result["robot"])]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Run, measure, write; returns 1 if a deadline of the shield was missed."""
    parser = argparse.ArgumentParser(description="A bundle at rate over UDP, beside bare loops.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--seconds", type=float, default=600.0)
    parser.add_argument("--perturb", default="none")
    parser.add_argument("--planner", default="", help="in place of the bundle's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--lead", type=int, default=0)
    parser.add_argument("--priority", type=int, default=50)
    parser.add_argument(
        "--robot-priority", type=int, default=45, help="0: none; less than --priority"
    )
    parser.add_argument("--busy", type=int, default=0, help="processes that do nothing but compute")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    result = measure(arguments)
    write_json(arguments.out / "realtime.json", result)
    write_text(arguments.out / "realtime.md", report(result))
    print(f"\n{report(result)}written: {arguments.out / 'realtime.md'}")
    return int(result["run"]["misses"]["shield"] > 0)


if __name__ == "__main__":
    raise SystemExit(main())
