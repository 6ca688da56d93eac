"""`adaptive-control profile BUNDLE`: the largest plan that meets the control period here."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import terminal
from adaptive_control.files import write_json

if TYPE_CHECKING:
    from deploy.runtime.profile import Profile

__all__ = ["run"]


@dataclass(frozen=True)
class ProfileConfig:
    """Measure the largest plan, candidates x horizon x iterations, that is ready in time here."""

    bundle: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="BUNDLE")] = "bundle"
    """Folder that `export` wrote."""
    json: str = ""
    """File to write the figures to, for `tune --profile`."""
    budget: float = 0.8
    """Part of the control period that a tick may take."""
    repeats: int = 50
    """Calls a size."""
    candidates: tuple[int, ...] = (64, 128, 256, 512, 1024)
    """Candidates to try."""
    horizons: tuple[int, ...] = (10, 15, 20, 30)
    """Horizons to try, in control steps."""


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = parse(ProfileConfig, arguments, "profile", positional=("bundle",))
    # Before numpy is loaded: the runtime plans on one thread, and so must what is measured.
    os.environ.update({f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")})
    from deploy.runtime.bundle import load_bundle
    from deploy.runtime.profile import profile_bundle

    bundle = load_bundle(Path(config.bundle))
    console = terminal()
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("sizes")
        profile = profile_bundle(
            bundle,
            budget=config.budget,
            repeats=config.repeats,
            candidates=config.candidates,
            horizons=config.horizons,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )
    _show(console, profile)
    if config.json:
        write_json(config.json, asdict(profile))
        console.print(f"written: {config.json}", markup=False, soft_wrap=True)


def _show(console: Console, profile: Profile) -> None:
    table = Table(title=f"one iteration of {profile.planner}, p50 / p99 [ms]")
    table.add_column("candidates")
    horizons = sorted({row.horizon for row in profile.iterations})
    times = {(row.candidates, row.horizon): row for row in profile.iterations}
    for horizon in horizons:
        table.add_column(f"horizon {horizon}")
    for count in sorted({row.candidates for row in profile.iterations}):
        rows = (times[count, horizon] for horizon in horizons)
        table.add_row(str(count), *(f"{row.p50_ms:.2f} / {row.p99_ms:.2f}" for row in rows))
    console.print(table)
    adapt, machine = profile.adapt_ms, profile.machine
    largest, allowed = profile.largest, f"{profile.budget_ms:.1f} of {1e3 * profile.dt:.1f} ms"
    lines = {
        "machine": f"{machine['processor']}, {machine['cores']} cores, load {machine['load']}",
        "adapting": f"p50 {adapt.p50:.3f}, p95 {adapt.p95:.3f}, p99 {adapt.p99:.3f}, "
        f"max {adapt.max:.3f} ms",
        "largest": f"none of these sizes fits into {allowed}"
        if largest is None
        else f"candidates={largest.candidates},horizon={largest.horizon},iterations="
        f"{largest.iterations}: tick p99 {largest.tick_p99_ms:.1f} ms, allowed {allowed}",
    }
    for name, value in lines.items():
        console.print(f"{name:<9} {value}", markup=False, soft_wrap=True)
