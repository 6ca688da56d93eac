"""The demo from end to end: run the twins, measure, and write what happened."""

from __future__ import annotations

import os
import platform
from contextlib import nullcontext
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from adaptive_control import __version__
from adaptive_control.demo.k_step import k_step_metrics
from adaptive_control.demo.metrics import twin_metrics
from adaptive_control.demo.plot import write_plot
from adaptive_control.demo.prepare import Demo, sha256
from adaptive_control.demo.report import metrics_table
from adaptive_control.episodes import Recording, run_episodes
from adaptive_control.files import write_json
from adaptive_control.threads import one_thread
from robots import RobotError

__all__ = ["run_demo"]


def run_demo(demo: Demo, console: Console) -> dict[str, Any]:
    """Run both twins and write metrics.json, demo.png, demo.mp4 and config.json.

    A film that cannot be made is reported and left out; all else is written before it is tried.

    Args:
        demo: what to run.
        console: where progress, table and notes go.

    Returns:
        What metrics.json holds.
    """
    config, out = demo.config, demo.config.out
    write_json(out / "config.json", asdict(config))
    twins = _run_twins(demo, console)
    figures = {twin.model: twin_metrics(twin, demo.fault_step) for twin in twins}
    for model, twin in zip(demo.models, twins, strict=True):
        figures[twin.model]["k_step_error"] = k_step_metrics(model, twin, demo.fault_step)
    metrics = {"twins": figures, "settings": _settings(demo, twins)}
    write_json(out / "metrics.json", metrics)
    title = f"{config.robot}, {config.perturb}"
    write_plot(out / "demo.png", twins, title, demo.perturbation.onsets)
    console.print(metrics_table(metrics))
    film = _film(demo, twins, console)
    written = ["metrics.json", "demo.png", *(["demo.mp4"] if film else []), "config.json"]
    console.print(f"written to {out}: {', '.join(written)}", highlight=False, soft_wrap=True)
    return metrics


def _run_twins(demo: Demo, console: Console) -> list[Recording]:
    twins = []
    threads = one_thread() if len(demo.seeds) == 1 else nullcontext()
    with threads, Progress(console=console, transient=True) as bar:
        for model in demo.models:
            task = bar.add_task(model.kind, total=demo.steps)

            def show(done: int, speed: float, task: Any = task, name: str = model.kind) -> None:
                bar.update(task, completed=done, description=f"{name:6} {speed:+5.1f} m/s")

            twins.append(
                run_episodes(
                    model, demo.robot, demo.config.perturb, demo.planner, demo.seeds, demo.steps,
                    progress=show,
                )
            )  # fmt: skip
    return twins


def _film(demo: Demo, twins: list[Recording], console: Console) -> bool:
    path = demo.config.out / "demo.mp4"
    if demo.config.video:
        try:
            # Imported only now: on some machines already loading what renders fails.
            from adaptive_control.demo.film import write_film

            with Progress(console=console, transient=True) as bar:
                task = bar.add_task("film", total=None)
                write_film(
                    path, twins, demo.robot.spec.name, demo.perturbation,
                    progress=lambda done, total: bar.update(task, completed=done, total=total),
                )  # fmt: skip
            return True
        except (RobotError, ImportError, OSError, RuntimeError) as error:
            console.print(f"no film: {error}", style="yellow", highlight=False, soft_wrap=True)
    path.unlink(missing_ok=True)  # one of an earlier run would not show this one
    return False


def _settings(demo: Demo, twins: list[Recording]) -> dict[str, Any]:
    """Everything needed to repeat the run, and what it ran on."""
    return {
        **asdict(demo.config),
        "dt": demo.robot.spec.dt,
        "steps": demo.steps,
        "fault_s": demo.perturbation.onsets[0] if demo.perturbation.onsets else None,
        "agents": {twin.model: twin.agent for twin in twins},
        "checkpoint_sha256": _hash(demo.config.checkpoint),
        "versus_checkpoint_sha256": _hash(demo.config.versus_checkpoint),
        "versions": _versions(),
        "machine": {"cores": os.cpu_count(), "type": platform.machine()},
    }


def _hash(path: Path | None) -> str | None:
    return sha256(path) if path else None


def _versions() -> dict[str, str]:
    versions = {
        "adaptive-control": __version__,
        "python": platform.python_version(),
    }
    for package in ("gymnasium", "mujoco", "numpy", "torch"):
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            versions[package] = "unknown"
    return versions
