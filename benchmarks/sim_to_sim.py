"""Models trained in MuJoCo, on the robot in PyBullet: a plant that nobody trained on.

    python benchmarks/sim_to_sim.py half-cheetah --faults "none;crippled-leg:back" --seeds 10 \
        --out runs/sim-to-sim-half-cheetah

As `benchmarks/faults.py`, with another physics: the fault begins at 5 s of 10 s, and figures are
means over what follows it; without a fault, over the whole run.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from adaptive_control.demo.metrics import twin_metrics
from adaptive_control.demo.twin import run_twin
from adaptive_control.files import write_json, write_text
from adaptive_control.pretrained import pretrained_path
from adaptive_control.training import load_model
from controllers import load_planner
from robots import get_robot, parse_perturbation
from robots.bullet.physics import BulletPhysics

SECONDS, ONSET = 10.0, 5.0
DEFAULT_FAULTS = {"half-cheetah": "none;crippled-leg:back", "ant": "none;crippled-leg:3"}


def measure(robot_name: str, fault: str, kind: str, planner: str, seeds: int) -> dict[str, Any]:
    """Figures of one model under one fault."""
    robot = get_robot(robot_name)
    model = load_model(pretrained_path(robot_name, kind), robot_name)
    perturbation = parse_perturbation(fault, robot).with_schedule(ONSET)
    onset = round(ONSET / robot.spec.dt) if perturbation.onsets else None
    recording = run_twin(
        model, robot, str(perturbation), load_planner(planner), range(seeds),
        round(SECONDS / robot.spec.dt), physics=BulletPhysics(robot, seeds),
    )  # fmt: skip
    return {**twin_metrics(recording, onset), "fallen": int(recording.fallen.any(0).sum())}


def table(results: dict[str, dict[str, Any]], kinds: list[str]) -> str:
    """A row a fault: speed with its interval, how many fell, and the share of the last model's."""
    last = kinds[-1]
    heads = ["fault", *(f"{k} [m/s]" for k in kinds), *(f"{k} / {last}" for k in kinds[:-1])]
    lines = ["| " + " | ".join([*heads, "fallen"]) + " |", "|---" * (len(heads) + 1) + "|"]
    for fault, models in results.items():
        name = "mean_speed_before_fault" if fault == "none" else "mean_speed_after_fault"
        cells = [f"`{fault}`"]
        for kind in kinds:
            low, high = models[kind]["interval_95"][name]
            cells.append(f"{models[kind][name]:.2f} [{low:.2f}, {high:.2f}]")
        cells += [f"{models[k][name] / models[last][name]:.2f}" for k in kinds[:-1]]
        cells.append(", ".join(str(models[kind]["fallen"]) for kind in kinds))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """Parse the arguments, measure, and write results.json and table.md."""
    parser = argparse.ArgumentParser(description="MuJoCo-trained models on PyBullet's robots.")
    parser.add_argument("robot", choices=sorted(DEFAULT_FAULTS))
    parser.add_argument("--faults", help="separated by ';'; default: none and a leg")
    parser.add_argument("--models", default="grbal,rebal,mb", help="ratios are to the last")
    parser.add_argument("--planner", default="cem:candidates=200,horizon=15,iterations=3")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    kinds = arguments.models.split(",")
    results: dict[str, dict[str, Any]] = {}
    for fault in (arguments.faults or DEFAULT_FAULTS[arguments.robot]).split(";"):
        results[fault] = {
            kind: measure(arguments.robot, fault, kind, arguments.planner, arguments.seeds)
            for kind in kinds
        }
        write_json(arguments.out / "results.json", results)
        write_text(arguments.out / "table.md", table(results, kinds))
        print(table({fault: results[fault]}, kinds).splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
