"""Rounds of running a bundle on a robot in PyBullet and of learning from its logs.

    python benchmarks/own_logs.py half-cheetah --rounds 3 --seconds 400 --out runs/own-logs

Each round exports the newest model, runs the bundle in lockstep, makes a dataset of all logs so far
and fits the model on it beside the data that it came from. Leaves `round-N.safetensors`; measure
them with `benchmarks/faults.py --backend pybullet --checkpoints FOLDER`.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path


def command(name: str, *arguments: object) -> None:
    """One of ours; ends here if it fails."""
    line = [sys.executable, "-m", "adaptive_control", name, *map(str, arguments)]
    subprocess.run(line, check=True)


def main() -> None:
    """Parse the arguments and go round."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("robot")
    parser.add_argument("--model", default="combined")
    parser.add_argument("--data", type=Path, help="what it was fitted on; runs/data/ROBOT")
    parser.add_argument("--backend", default="pybullet")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=400.0)
    parser.add_argument("--updates", type=int, default=3000)
    parser.add_argument("--planner", help="default: the robot's own")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    out, robot = arguments.out, arguments.robot
    data = arguments.data or Path("runs/data") / robot
    newest, logs = f"{robot}/{arguments.model}", []
    for number in range(1, arguments.rounds + 1):
        bundle, dataset = out / f"round-{number}.bundle", out / f"logs-{number}"
        logs.append(out / f"round-{number}.mcap")
        planner = ("--planner", arguments.planner) if arguments.planner else ()
        command("export", newest, "--out", bundle, *planner)
        command(
            "run", bundle, "--robot", f"sim:{robot}?backend={arguments.backend}&seed={number}",
            "--arm", "--deterministic", "--no-view", "--no-stop-on-fall",
            "--seconds", arguments.seconds, "--seed", number, "--log", logs[-1],
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
