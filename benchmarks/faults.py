"""Every model against every held-out fault: the tables of docs/results.md.

    python benchmarks/faults.py half-cheetah --seeds 10 --out runs/faults-half-cheetah
    python benchmarks/faults.py half-cheetah --backend pybullet --faults "none;crippled-leg:back" \
        --out runs/sim-to-sim-half-cheetah

Models are the pretrained ones, trained in MuJoCo, or those of a folder; planner, budget and seeds
are the same for all. The fault begins at 5 s of 10 s, except in the row without one, whose figures
are those of the whole run.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np

from adaptive_control.demo.k_step import k_step_metrics
from adaptive_control.demo.metrics import twin_metrics
from adaptive_control.episodes import run_episodes
from adaptive_control.files import write_json, write_text
from adaptive_control.pretrained import planner_for, pretrained_names, pretrained_path
from adaptive_control.suites import suites_of
from adaptive_control.training import LoadedModel, load_model
from robots import get_robot, parse_perturbation

SECONDS, ONSET = 10.0, 5.0
_ORDER = ("combined", "grbal", "rebal", "mb")


def measure(
    model: LoadedModel, fault: str, planner: str | None, seeds: int, backend: str
) -> dict[str, Any]:
    """Figures of one model under one fault."""
    robot = get_robot(model.robot)
    steps = round(SECONDS / robot.spec.dt)
    perturbation = parse_perturbation(fault, robot).with_schedule(ONSET)
    onset = round(ONSET / robot.spec.dt) if perturbation.onsets else None
    physics = None
    if backend == "pybullet":
        from robots.bullet.physics import BulletPhysics  # an extra

        physics = BulletPhysics(robot, seeds)
    recording = run_episodes(
        model,
        robot,
        str(perturbation),
        planner_for(model.robot, planner),
        range(seeds),
        steps,
        physics=physics,
    )
    figures = twin_metrics(recording, onset)
    figures["k_step_error"] = k_step_metrics(model, recording, onset)
    figures["fallen"] = int(recording.fallen.any(0).sum())
    return figures


def table(results: dict[str, dict[str, Any]], kinds: list[str]) -> str:
    """A row a fault: speed in the 5 s after it, its share of MB's, and the K-step error's fall."""
    heads = ["fault", *(f"{k} [m/s]" for k in kinds)]
    adaptive = [k for k in kinds if k != "mb"]
    heads += [f"{k} / mb" for k in adaptive if "mb" in kinds]
    heads += [f"{k} error ratio (open loop)" for k in adaptive] + ["fallen"]
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for fault, models in results.items():
        name = _speed_name(fault)
        cells = [f"`{fault}`"]
        for kind in kinds:
            low, high = models[kind]["interval_95"][name]
            cells.append(f"{models[kind][name]:.2f} [{low:.2f}, {high:.2f}]")
        cells += _ratios({k: models[k][name] for k in kinds}, adaptive)
        for kind in adaptive:
            error = models[kind]["k_step_error"]
            cells.append(
                f"{error['ratio']:.2f} ({error['open_loop']['ratio']:.2f})" if error else "-"
            )
        cells.append(", ".join(str(models[kind]["fallen"]) for kind in kinds))
        lines.append("| " + " | ".join(cells) + " |")
    faults = [fault for fault in results if fault != "none"]
    if len(faults) > 1:
        lines.append(_together(results, faults, kinds, adaptive))
        lines += ["", _mean_ratios(results, faults, adaptive)]
        lines += ["", _as_trained(results, faults, adaptive)]
    return "\n".join(lines) + "\n"


def _speed_name(fault: str) -> str:
    return "mean_speed_before_fault" if fault == "none" else "mean_speed_after_fault"


def _ratios(speeds: dict[str, float], adaptive: list[str]) -> list[str]:
    return [f"{speeds[k] / speeds['mb']:.2f}" for k in adaptive if "mb" in speeds]


def _together(
    results: dict[str, dict[str, Any]], faults: list[str], kinds: list[str], adaptive: list[str]
) -> str:
    """The last row: means over all faults, of speeds and of both errors before they are divided."""
    speeds = {
        k: sum(results[f][k][_speed_name(f)] for f in faults) / len(faults) for k in kinds
    }  # fmt: skip
    cells = ["all faults", *(f"{speeds[k]:.2f}" for k in kinds), *_ratios(speeds, adaptive)]
    for kind in adaptive:
        errors = [e for f in faults if (e := results[f][kind]["k_step_error"])]
        open_loop = [error["open_loop"] for error in errors]
        cells.append(f"{_pooled(errors):.2f} ({_pooled(open_loop):.2f})")
    cells.append(", ".join(str(sum(results[f][k]["fallen"] for f in faults)) for k in kinds))
    return "| " + " | ".join(cells) + " |"


def _mean_ratios(results: dict[str, dict[str, Any]], faults: list[str], adaptive: list[str]) -> str:
    """A line under the table: error ratios, each fault counting the same."""
    means = []
    for kind in adaptive:
        errors = [e for f in faults if (e := results[f][kind]["k_step_error"])]
        scored = np.mean([error["ratio"] for error in errors])
        open_loop = np.mean([error["open_loop"]["ratio"] for error in errors])
        means.append(f"{kind} {scored:.2f} ({open_loop:.2f})")
    return "Mean over faults of the error ratio (open loop): " + ", ".join(means)


def _as_trained(results: dict[str, dict[str, Any]], faults: list[str], adaptive: list[str]) -> str:
    """A line under the table: the error that training minimises, of all faults together."""
    ratios = []
    for kind in adaptive:
        errors = [results[fault][kind]["k_step_error"] for fault in faults]
        trained = [error["as_trained"] for error in errors if error and "as_trained" in error]
        ratios.append(f"{kind} {_pooled(trained):.2f}" if trained else f"{kind} unknown")
    return "Error ratio as trained (K transitions in segments of L steps): " + ", ".join(ratios)


def _pooled(errors: list[dict[str, float]]) -> float:
    after = sum(error["after_adaptation"] for error in errors)
    return after / sum(error["before_adaptation"] for error in errors)


def main() -> None:
    """Parse the arguments, measure, and write results.json and table.md."""
    parser = argparse.ArgumentParser(description="Every model against every held-out fault.")
    parser.add_argument("robot")
    parser.add_argument("--faults", help="separated by ';'; default: all test perturbations")
    parser.add_argument("--models", help="joined by commas; default: those that ship")
    parser.add_argument("--checkpoints", type=Path, help="folder of ROBOT-METHOD.safetensors")
    parser.add_argument("--backend", choices=("mujoco", "pybullet"), default="mujoco")
    parser.add_argument("--planner", help="default: the robot's own")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    # Faults that come with times of their own belong to the suites' reports.
    held_out = [t for s in suites_of(arguments.robot) for t in s.test if "@" not in t]
    faults = arguments.faults.split(";") if arguments.faults else ["none", *held_out]
    robot, folder = arguments.robot, arguments.checkpoints
    shipped = [k for k in _ORDER if f"{robot}-{k}" in pretrained_names()]
    kinds = arguments.models.split(",") if arguments.models else shipped
    models = {
        kind: load_model(
            folder / f"{robot}-{kind}.safetensors" if folder else pretrained_path(robot, kind),
            robot,
        )
        for kind in kinds
    }
    results: dict[str, dict[str, Any]] = {}
    for fault in faults:
        results[fault] = {
            kind: measure(
                models[kind], fault, arguments.planner, arguments.seeds, arguments.backend
            )
            for kind in kinds
        }
        write_json(arguments.out / "results.json", results)
        write_text(arguments.out / "table.md", table(results, kinds))
        print(table({fault: results[fault]}, kinds).splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
