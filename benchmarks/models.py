"""Models against each other on draws of training faults, and on the whole robot.

    python benchmarks/models.py half-cheetah A.safetensors B.safetensors --robots 48

The same robots, draws, starts and planner's noise for every model (`benchmarks/planners.py`).
Differences to the first model come with the standard error of their mean. Models and data are
chosen here, and reported on the test sides.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from planners import draws, measure, told

from adaptive_control.training import load_model
from robots import get_robot


def main() -> None:
    """Parse the arguments, measure, print a row each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("robot")
    parser.add_argument("checkpoints", nargs="+", type=Path, help="the first: who is held against")
    parser.add_argument("--planner", help="default: the planner that ships for the robot")
    parser.add_argument("--robots", type=int, default=48)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    robot = get_robot(arguments.robot)
    faults, seeds = draws(robot, arguments.robots, arguments.seed, arguments.steps)
    whole = ["none"] * len(faults)
    base: list[dict[str, np.ndarray]] = []
    print("| model | return whole | return | before [m/s] | after [m/s] | fell |")
    print("|---|---|---|---|---|---|")
    for path in arguments.checkpoints:
        model = load_model(path, arguments.robot)
        found = [
            measure(model, robot, arguments.planner, texts, seeds, arguments.steps)
            for texts in (whole, faults)
        ]
        base = base or found
        cells = [told(found[0]["return"], base[0]["return"])]
        cells += [told(found[1][name], base[1][name]) for name in ("return", "before", "after")]
        print(f"| {path} | {' | '.join(cells)} | {found[1]['fell'].sum()} |", flush=True)


if __name__ == "__main__":
    main()
