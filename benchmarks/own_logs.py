"""Rounds of running a bundle on a robot in PyBullet and of learning from its logs.

    python benchmarks/own_logs.py half-cheetah --rounds 5 --out runs/own-logs
    python benchmarks/own_logs.py ant --rounds 5 --runs 27 --seconds 15 --out runs/own-logs-ant

Each round exports the newest model, runs the bundle in lockstep, makes a dataset of all logs so
far and fits the model on it beside the data that it came from. Leaves `round-N.safetensors`;
measure them with `benchmarks/faults.py --backend pybullet --checkpoints FOLDER`. Many short runs
rather than one long one: a model that sees one start in 400 s forgets how to start. Where a robot
falls that cannot get up again, they end.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

from adaptive_control.training.dataset import episode_files

FELL = (0, 3)
"""Exit statuses of runs that may end with a fall, a stop for safety: the log is as good as any."""


def command(name: str, *arguments: object, allowed: tuple[int, ...] = (0,)) -> None:
    """One of ours; ends here if it fails."""
    line = [sys.executable, "-m", "adaptive_control", name, *map(str, arguments)]
    status = subprocess.run(line, check=False).returncode
    if status not in allowed:
        sys.exit(f"{' '.join(line)}: exit status {status}")


def main() -> None:
    """Parse the arguments and go round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("robot")
    parser.add_argument("--model", default="combined")
    parser.add_argument("--weights", help="model to begin with; default: the one that ships")
    parser.add_argument("--data", type=Path, help="what it was fitted on; runs/data/ROBOT")
    parser.add_argument("--backend", default="pybullet")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20.0, help="length of a run")
    parser.add_argument("--runs", type=int, default=20, help="runs a round")
    parser.add_argument("--updates", type=int, default=3000)
    parser.add_argument("--planner", help="default: the robot's own")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    out, robot = arguments.out, arguments.robot
    data = arguments.data or Path("runs/data") / robot
    if not episode_files(data):
        sys.exit(f"data={data}: no episodes there; unpack them (benchmarks/data/README.md)")
    newest, logs = arguments.weights or f"{robot}/{arguments.model}", []
    falls, ends = ("--no-stop-on-fall", (0,)) if arguments.runs == 1 else ("--stop-on-fall", FELL)
    for number in range(1, arguments.rounds + 1):
        bundle, dataset = out / f"round-{number}.bundle", out / f"logs-{number}"
        planner = ("--planner", arguments.planner) if arguments.planner else ()
        command("export", newest, "--out", bundle, *planner)
        for seed in range(number * arguments.runs, (number + 1) * arguments.runs):
            logs.append(out / f"round-{number}-{seed}.mcap")
            command(
                "run", bundle, "--robot", f"sim:{robot}?backend={arguments.backend}&seed={seed}",
                "--arm", "--deterministic", "--no-view", falls,
                "--seconds", arguments.seconds, "--seed", seed, "--log", logs[-1],
                allowed=ends,
            )  # fmt: skip
        command("dataset", robot, *logs, "--out", dataset)
        command(
            "train", robot, "--model", arguments.model, "--weights", newest, "--data", data,
            "--logs", dataset, "--final-updates", arguments.updates, "--learning-rate", "3e-4",
            "--step-size-rate", "1e-6", "--threads", 1, "--out", out / f"fit-{number}",
        )  # fmt: skip
        newest = str(out / f"round-{number}.safetensors")
        shutil.copy(out / f"fit-{number}" / "model.safetensors", newest)


if __name__ == "__main__":
    main()
