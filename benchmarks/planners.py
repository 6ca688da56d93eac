"""Planners against each other on draws of training faults: speeds, returns, differences, falls.

    python benchmarks/planners.py half-cheetah "cem" "cem:horizon=8,terminal=1" --robots 32

Every planner meets the same robots: the same draw from the train sides of the robot's suites, which
switches on half-way, the same start, the same noise of the planner's. Differences to the first
planner come with the standard error of their mean. Planners are chosen here, and reported on the
test sides (`benchmarks/faults.py`, `adaptive-control evaluate`).
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import torch

from adaptive_control.episodes import run_episodes
from adaptive_control.methods import DEFAULT_METHOD
from adaptive_control.pretrained import planner_for, pretrained_path
from adaptive_control.suites import sample_training_perturbation
from adaptive_control.training import LoadedModel, load_model
from robots import Robot, get_robot, parse_perturbation

_SETTLED_S = 1.0
"""Speeds before the fault are means from this time on."""


def draws(robot: Robot, count: int, seed: int, steps: int) -> tuple[list[str], list[int]]:
    """`count` training perturbations that begin half-way, none is whole, and the robots' seeds."""
    rng, onset = np.random.default_rng(seed), round(steps // 2 * robot.spec.dt, 6)
    texts: list[str] = []
    while len(texts) < count:
        drawn = parse_perturbation(sample_training_perturbation(robot.spec.name, rng), robot)
        if str(drawn) != "none":
            texts.append(str(drawn.with_schedule(onset)))
    return texts, [1000 * seed + index for index in range(count)]


def measure(
    model: LoadedModel, robot: Robot, asked: str | None, texts: list[str], seeds: list[int],
    steps: int,
) -> dict[str, np.ndarray]:  # fmt: skip
    """Speeds before and after the fault [m/s], the return, and who fell, `[B]` each.

    `asked`: a planner, or the path of a planner.toml; None for the one that ships for the robot.
    """
    planner = planner_for(robot.spec.name, asked)
    recording = run_episodes(model, robot, texts, planner, seeds, steps, threads=1)
    speed = np.diff(recording.position, axis=0) / robot.spec.dt
    settled = round(_SETTLED_S / robot.spec.dt)
    return {
        "before": speed[settled : steps // 2].mean(0),
        "after": speed[steps // 2 :].mean(0),
        "return": recording.reward.sum(0),
        "fell": np.asarray(recording.fallen.any(0)),
    }


def told(found: np.ndarray, base: np.ndarray) -> str:
    """The mean, and the mean difference to the base, each with its standard error."""
    if found is base:
        return _mean(found, "")
    return f"{_mean(found, '')} ({_mean(found - base, '+')})"


def _mean(found: np.ndarray, sign: str) -> str:
    return f"{found.mean():{sign}.2f} +- {found.std(ddof=1) / len(found) ** 0.5:.2f}"


def main() -> None:
    """Parse the arguments, measure, print a row each."""
    parser = argparse.ArgumentParser(description="Planners on draws of training faults.")
    parser.add_argument("robot")
    parser.add_argument("planners", nargs="+", help="the first is what the others are held against")
    parser.add_argument("--model", default=DEFAULT_METHOD)
    parser.add_argument("--checkpoint", type=Path, help="default: the model that ships")
    parser.add_argument("--robots", type=int, default=32)
    parser.add_argument("--steps", type=int, default=160)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    robot = get_robot(arguments.robot)
    path = arguments.checkpoint or pretrained_path(arguments.robot, arguments.model)
    model = load_model(path, arguments.robot, arguments.model)
    texts, seeds = draws(robot, arguments.robots, arguments.seed, arguments.steps)
    base: dict[str, np.ndarray] = {}
    print("| planner | before [m/s] | after [m/s] | return | fell | took [s] |")
    print("|---|---|---|---|---|---|")
    for planner in arguments.planners:
        started = time.perf_counter()
        found = measure(model, robot, planner, texts, seeds, arguments.steps)
        base = base or found
        cells = [told(found[name], base[name]) for name in ("before", "after", "return")]
        cells += [str(found["fell"].sum()), f"{time.perf_counter() - started:.0f}"]
        print(f"| `{planner}` | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
