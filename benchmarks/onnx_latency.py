"""How long an adaptation and a planning iteration take through ONNX Runtime, on one core.

    python benchmarks/onnx_latency.py [--robot half-cheetah] [--hidden 200 200] [--repeats 2000]

Weights are random: the time does not depend on them. The figures of docs/bundle.md come from here.
Run it on an idle machine: it measures whatever else happens there as well.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
from dataclasses import asdict
from pathlib import Path

# Before numpy is loaded: the runtime plans on one thread.
os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")})

import numpy as np

from adaptive_control.dynamics import make_dynamics
from adaptive_control.methods import method_names
from adaptive_control.planning import layout_of
from adaptive_control.training.checkpoint import LoadedModel
from controllers import make_planner
from deploy.export.record import record_transitions
from deploy.export.write import export_bundle
from deploy.runtime.bundle import Bundle, load_bundle
from deploy.runtime.timing import Times, timed
from robots import get_robot

TARGETS = {
    "adapt": "p50 at most 0.15 ms",
    "returns": "about 4 ms or less (one iteration without the planner's own work)",
    "iteration": "about 4 ms or less",
    "tick": "p99 at most 14 ms (a transition, adapting, three iterations)",
}


def make_bundle(arguments: argparse.Namespace, folder: Path) -> Bundle:
    """A bundle with random weights and statistics of real data."""
    spec = get_robot(arguments.robot).spec
    dynamics = make_dynamics(arguments.model, layout_of(spec), arguments.hidden, seed=0)
    transitions = record_transitions(arguments.robot, arguments.window + 32)
    dynamics.fit_normalizers(*transitions.tensors())
    dynamics.eval().requires_grad_(False)
    planner = make_planner(
        arguments.planner, candidates=arguments.candidates, horizon=arguments.horizon, iterations=3
    )
    model = LoadedModel(dynamics, arguments.robot, arguments.window, {})
    export_bundle(model, spec, folder / "bundle", planner=planner, transitions=transitions)
    return load_bundle(folder / "bundle")


def main() -> None:
    """Export, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])  # pyright: ignore
    parser.add_argument("--robot", default="half-cheetah")
    parser.add_argument("--model", default="grbal", choices=method_names())
    parser.add_argument("--hidden", type=int, nargs="+", default=[200, 200])
    parser.add_argument("--window", type=int, default=16)
    parser.add_argument("--planner", default="cem")
    parser.add_argument("--candidates", type=int, default=256)
    parser.add_argument("--horizon", type=int, default=15)
    parser.add_argument("--repeats", type=int, default=2000)
    parser.add_argument("--json", type=Path, help="file for the figures")
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

    with tempfile.TemporaryDirectory() as folder:
        bundle = make_bundle(arguments, Path(folder))
    agent, model = bundle.agent(), bundle.model()
    names = ("observation", "action", "next_observation")
    rows = [bundle.golden[f"recorded/{name}"] for name in names]
    for step in range(arguments.window):
        agent.observe(*(row[step : step + 1] for row in rows))
    context, observation = model.adapt(agent.window), rows[0][:1]
    rng = np.random.default_rng(0)
    shape = (1, arguments.candidates, arguments.horizon, len(bundle.manifest.action))
    actions = rng.uniform(-1, 1, shape).astype(np.float32)

    def tick() -> None:
        agent.observe(*(row[:1] for row in rows))
        agent.act(rows[2][:1])

    few = max(10, arguments.repeats // 10)
    taken = {
        "adapt": timed(lambda: model.adapt(agent.window), arguments.repeats),
        "returns": timed(lambda: model.returns(context, observation, actions), few),
        "iteration": timed(
            lambda: agent.act(observation, 1, adapt=False), few, lambda: agent.prepare(1)
        ),
        "tick": timed(tick, few, agent.prepare),
    }
    # Nothing but the first call of each is left out.
    figures = {name: asdict(Times.of(each)) for name, each in taken.items()}
    for name, times in figures.items():
        text = "  ".join(f"{key} {value:8.3f}" for key, value in times.items())
        print(f"{name:<10} {text}  ms   wanted: {TARGETS[name]}")
    if arguments.json:
        settings = {key: value for key, value in vars(arguments).items() if key != "json"}
        arguments.json.write_text(
            json.dumps({"settings": settings, "ms": figures}, indent=2) + "\n"
        )


if __name__ == "__main__":
    main()
