"""How far every bundle is from torch: all methods x planners, the table of docs/deploy.md.

    python benchmarks/parity.py --out runs/parity-half-cheetah
    python benchmarks/parity.py --robot ant --shipped --out runs/parity-ant

Each method is exported and verified as `adaptive-control export` does: a control step, the change
that adapting makes (on its own weights and on random ones), and the action that each planner plans.
Weights are random, statistics those of real data; with --shipped, the checkpoints that ship.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from adaptive_control.dynamics import make_dynamics
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import write_json, write_text
from adaptive_control.methods import method_names
from adaptive_control.planning import layout_of
from adaptive_control.pretrained import pretrained_path
from adaptive_control.training import LoadedModel, load_model
from controllers import load_planner, planner_names
from deploy.errors import DeployError
from deploy.export.record import record_transitions
from deploy.export.reference import Transitions
from deploy.export.verify import ACTION_TOLERANCE
from deploy.export.write import export_bundle
from deploy.runtime.bundle.compare import CHANGE_TOLERANCE, STEP_TOLERANCE
from robots import RobotSpec, get_robot

WINDOW = 16
LIMITS = {"step": STEP_TOLERANCE, "change": CHANGE_TOLERANCE, "random_change": CHANGE_TOLERANCE}
HEADS = ("step", "change", "change, random weights")


def random_model(
    method: str, robot: str, spec: RobotSpec, hidden: list[int], data: Transitions
) -> LoadedModel:
    """Random weights everywhere, also where training starts from zero."""
    dynamics = make_dynamics(method, layout_of(spec), hidden, seed=0)
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for name, parameter in dynamics.named_parameters():
            if "log_" not in name:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    dynamics.fit_normalizers(*data.tensors())
    return LoadedModel(dynamics.eval().requires_grad_(False), robot, WINDOW, {})


def measure(model: LoadedModel, spec: RobotSpec, planner: str, data: Transitions) -> dict[str, Any]:
    """Errors of one method, or why it cannot be exported."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="parity-") as folder:
        try:
            found = export_bundle(
                model, spec, Path(folder) / "bundle", planner=load_planner(planner),
                transitions=data,
            )  # fmt: skip
        except DeployError as error:
            return {"failed": str(error)}
    return {**asdict(found), "seconds": time.perf_counter() - start}


def table(results: dict[str, dict[str, Any]]) -> str:
    """A row a method, a column a planner; errors are relative, actions to half their range."""
    planners = planner_names()
    heads = ["method", *HEADS, *(f"action, {name}" for name in planners)]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    allowed = [*LIMITS.values(), *[ACTION_TOLERANCE] * len(planners)]
    lines.append("| *allowed* | " + " | ".join(f"{value:.0e}" for value in allowed) + " |")
    for method, found in results.items():
        if "failed" in found:
            lines.append(f"| {method} | {found['failed']} |" + " |" * (len(heads) - 2))
            continue
        cells = [found[name] for name in LIMITS] + [found["action"][name] for name in planners]
        lines.append(f"| {method} | " + " | ".join(f"{value:.1e}" for value in cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> int:
    """Export and verify all; returns the exit status, 1 if any pair is not at parity."""
    parser = argparse.ArgumentParser(description="Parity of every method x planner pair.")
    parser.add_argument("--robot", default="half-cheetah")
    parser.add_argument("--methods", help="separated by commas; default: all")
    parser.add_argument("--hidden", type=int, nargs="+", default=[32, 32])
    parser.add_argument("--planner", default="cem:candidates=64,horizon=6,iterations=2")
    parser.add_argument("--shipped", action="store_true", help="the checkpoints that ship, alone")
    parser.add_argument("--out", type=Path, help="folder for parity.json and parity.md")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    spec = get_robot(arguments.robot).spec
    data = record_transitions(arguments.robot, WINDOW + 32)
    results: dict[str, dict[str, Any]] = {}
    for method in arguments.methods.split(",") if arguments.methods else method_names():
        if arguments.shipped:
            try:
                path = pretrained_path(arguments.robot, method)
            except AdaptiveControlError:
                continue  # none ships
            model = load_model(path, arguments.robot, method)
        else:
            model = random_model(method, arguments.robot, spec, arguments.hidden, data)
        results[method] = measure(model, spec, arguments.planner, data)
        print(table({method: results[method]}).splitlines()[-1], flush=True)
        if arguments.out:
            write_json(arguments.out / "parity.json", results)
            write_text(arguments.out / "parity.md", table(results))
    print(f"\n{table(results)}")
    return int(any("failed" in found for found in results.values()))


if __name__ == "__main__":
    raise SystemExit(main())
