"""What a controller lacks, split into the model's error and the planner's.

    python benchmarks/ceiling.py half-cheetah --wide "cem:candidates=400,horizon=20,iterations=5"

Three controllers run the same robots, held-out faults half-way: the model with a planner; the true
simulator in the model's place, same planner and evaluations; and the simulator with a planner that
has many more evaluations. What is between the first two is the model's error, what is between the
last two the planner's. Returns of the part of an episode that the evaluation scores.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
import torch

from adaptive_control.episodes import run_episodes
from adaptive_control.evaluation.conditions import conditions_of
from adaptive_control.evaluation.oracle_episodes import run_on_simulator
from adaptive_control.methods import DEFAULT_METHOD
from adaptive_control.pretrained import planner_for, pretrained_path
from adaptive_control.suites import suites_named, suites_of
from adaptive_control.training import load_model
from controllers import load_planner
from robots import get_robot


def main() -> None:
    """Parse the arguments, measure, print a row each."""
    parser = argparse.ArgumentParser(description="The gap to the ceiling, split in two.")
    parser.add_argument("robot")
    parser.add_argument("--wide", required=True, help="the planner with many more evaluations")
    parser.add_argument("--planner", help="default: the robot's own")
    parser.add_argument("--model", default=DEFAULT_METHOD)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--suites", nargs="*", help="names; default: all of the robot")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    robot = get_robot(arguments.robot)
    model = load_model(pretrained_path(robot.spec.name, arguments.model), robot.spec.name)
    same = planner_for(robot.spec.name, arguments.planner)
    wide = load_planner(arguments.wide)
    asked = ",".join(f"{name}/{arguments.robot}" for name in arguments.suites or ())
    suites = suites_named(asked) if asked else suites_of(arguments.robot)
    seeds, steps = list(range(arguments.seeds)), arguments.steps
    met: set[str] = set()
    rows: list[np.ndarray] = []
    print("| fault | model | simulator | simulator, wide | model's error | planner's error |")
    print("|---|---|---|---|---|---|")
    for suite in suites:
        for condition in conditions_of(suite, steps, 0, False):
            text = condition.perturbation
            if text in met:
                continue
            met.add(text)
            started = time.perf_counter()
            recordings = [
                run_episodes(model, robot, text, same, seeds, steps, threads=1),
                run_on_simulator(robot, text, same, seeds, steps, model.value),
                run_on_simulator(robot, text, wide, seeds, steps, model.value),
            ]
            scored = [r.reward[condition.scored_from :].mean() for r in recordings]
            rows.append(np.asarray(scored))
            print(f"{_row(text, rows[-1])} {time.perf_counter() - started:.0f} s", flush=True)
    print(_row("all", np.mean(rows, axis=0)))


def _row(name: str, scored: np.ndarray) -> str:
    """Returns a step, and both errors as shares of the widest planner's return."""
    errors = np.diff(scored) / scored[-1]
    cells = [f"{value:.2f}" for value in (*scored, *errors)]
    return f"| `{name}` | {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
