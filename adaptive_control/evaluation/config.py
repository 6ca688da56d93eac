"""What an evaluation can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import checked_method, method_names

__all__ = ["ABLATIONS", "EvaluateConfig"]

ABLATIONS = ("M", "K", "H", "step-sizes", "inner-steps", "layers", "gate", "planner")
"""What can be varied."""

ORACLES = ("both", "model", "simulator", "none")


@dataclass(frozen=True)
class EvaluateConfig:
    """Every model on every suite: equal data, equal planner, equal evaluations.

    The work is a list of cells. A cell that is done is a file in OUT/cells and is never done again,
    so a run that is killed goes on where it was when the same command is given again.
    """

    suite: str = "all"
    """Suites joined by commas, or all; name/robot for one robot's (`adaptive-control suites`)."""

    models: str = "all"
    """Methods joined by commas, or all (`adaptive-control models`)."""

    out: Path = Path("runs/evaluate")
    """Folder for cells, results.json, table.md and plots."""

    quick: bool = False
    """A rough table in half an hour on two cores: 3 seeds, one test a suite, a smaller planner,
    short fits."""

    seeds: int | None = None
    """Episodes of each model under each perturbation, seeds 0, 1, ...; 10, with --quick 3."""

    steps: int | None = None
    """Control steps of an episode, the fault half-way; 200, with --quick 120."""

    planner: str | None = None
    """A planner and its settings, or the path of a planner.toml, the same for all; or a folder with
    a ROBOT.toml for each; each robot's own if not given, and with --quick
    cem:candidates=100,horizon=12,iterations=2."""

    oracles: str = "both"
    """Which oracles to measure against: both, model (MB trained on the test perturbation itself),
    simulator (plans with the true simulator), none."""

    oracle_seeds: int | None = None
    """Episodes of the simulator oracle under each perturbation; 2, with --quick 1."""

    per_suite: bool = False
    """Also MB, GrBAL and ReBAL trained on one suite alone, on the four suites of the paper."""

    ablate: str = ""
    """Also variations of --ablate-model, joined by commas, or all: M, K, H, step-sizes,
    inner-steps, layers, gate, planner."""

    ablate_model: str = "grbal"
    """The method that is varied."""

    data: Path | None = None
    """Fit on the episodes of this earlier training run (or DATA/ROBOT) instead of new ones."""

    checkpoints: Path | None = None
    """Folder of ROBOT-METHOD.safetensors files; those that ship if not given. What is not there is
    fitted on the dataset."""

    fresh: bool = False
    """Use no checkpoint that ships: collect and fit everything."""

    seed: int = 0
    """Seed of collecting and fitting."""

    workers: int = 0
    """Cells at a time, each on one core; 0: one for each core."""

    ray: str = ""
    """Run the cells on this Ray cluster; `local` starts one here. Needs the extra `ray`."""

    report: bool = False
    """Run nothing: write results.json, table.md and plots from the cells that are there."""

    estimate: bool = False
    """Run nothing, write nothing: print what there is to do and how long it would take."""

    def __post_init__(self) -> None:
        """Refuse what no evaluation could use.

        Raises:
            AdaptiveControlError: names the field, its value, what is allowed.
        """
        for name, least in (("seeds", 1), ("steps", 20), ("oracle_seeds", 1)):
            value = getattr(self, name)
            if value is not None and not least <= value <= 100_000:
                raise AdaptiveControlError(f"{name}: {value} is not in {least}..100000")
        for name in ("seed", "workers"):
            if getattr(self, name) < 0:
                raise AdaptiveControlError(f"{name}: {getattr(self, name)} is negative")
        if self.seed >= 2**63:
            raise AdaptiveControlError(f"seed: {self.seed}; allowed: 0 to {2**63 - 1}")
        if self.report and self.estimate:
            raise AdaptiveControlError("estimate: True; with report only False is allowed")
        if self.oracles not in ORACLES:
            raise AdaptiveControlError(
                f"oracles: {self.oracles!r} is unknown; allowed: {', '.join(ORACLES)}"
            )
        checked_method(self.ablate_model, "ablate-model")
        self.methods  # noqa: B018 - refuses unknown names
        self.ablations  # noqa: B018

    @property
    def methods(self) -> tuple[str, ...]:
        """Names of the methods, each once, in the order given."""
        if self.models == "all":
            return method_names()
        names = [name.strip() for name in self.models.split(",")]
        return tuple(dict.fromkeys(checked_method(name, "models").name for name in names))

    @property
    def ablations(self) -> tuple[str, ...]:
        """What is varied."""
        if self.ablate == "all":
            return ABLATIONS
        names = tuple(name.strip() for name in self.ablate.split(",") if name.strip())
        for name in names:
            if name not in ABLATIONS:
                raise AdaptiveControlError(
                    f"ablate: {name!r} is unknown; allowed: all, {', '.join(ABLATIONS)}"
                )
        return tuple(dict.fromkeys(names))
