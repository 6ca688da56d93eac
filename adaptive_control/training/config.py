"""Everything that decides a training run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import DEFAULT_METHOD, checked_method

__all__ = ["TrainConfig"]

_ROUNDS = 12


@dataclass(frozen=True)
class TrainConfig:
    """Settings of `adaptive-control train`; saved as `config.json` beside what they made.

    The run is random data, then `rounds` of (fit, collect with the planner), then a last, longer
    fit on everything.
    """

    robot: str = "half-cheetah"
    """Robot to train for; `adaptive-control robots` lists them."""
    model: str = DEFAULT_METHOD
    """Method to train; `adaptive-control models` lists them."""
    out: Path | None = None
    """Folder of the run; `runs/<robot>-<model>` if not given. A run found there is resumed."""
    data: Path | None = None
    """Fit on the episodes of this earlier run instead of collecting (equal data for all models);
    with `rounds`, these come after."""
    weights: str = ""
    """Begin with this model, a file, or ROBOT/METHOD for one that ships, instead of random weights:
    a fit on `data`, or with `rounds` its collecting. Its statistics stay, and its terminal value
    where nothing is collected."""
    logs: Path | None = None
    """Learn from these episodes as well, which `adaptive-control dataset` makes of robot logs."""
    logs_share: float = 0.5
    """Share of the tasks that are drawn from the logs."""
    seed: int = 0
    """Seed of everything random."""

    window: int = 16
    """M, transitions adapted from."""
    future: int = 16
    """K, transitions scored after adapting."""
    unroll: int = 4
    """L, steps predicted open loop within the future; divides K, 1 is the paper's loss."""
    hidden: tuple[int, ...] = (200, 200)
    """Widths of the hidden layers."""

    rounds: int | None = None
    """Rounds of fitting and collecting with the planner; if not given 12, and with `data` none."""
    perturbations: tuple[str, ...] = ()
    """Collect under these, each a perturbation or the name of a suite (its train side), in place of
    all train sides of the robot together."""
    whole_share: float = 0.5
    """Share of the robots that collect without a perturbation, if `perturbations` does not say
    which. Whole robots are the ones that get far: with one in ten models are slower under faults
    too (docs/decisions/0015)."""
    paired_share: float = 0.0
    """Of the others, share of those that suffer draws of two suites at once."""
    robots: int = 80
    """B, robots stepped side by side when collecting."""
    episode_steps: int = 125
    """T, control steps of an episode."""
    random_batches: int = 4
    """Batches of B episodes under random actions, before the first round."""
    exploration: float = 0.2
    """Correlated noise on the planner's actions, standard deviation over half their range."""
    planner: str = "cem:candidates=130,horizon=13,iterations=2,elites=12,momentum=-0.5"
    """Planner that collects, as text or as the path of a planner.toml. If it asks for a terminal
    value, one is fitted before each round. Half-cheetahs return as much with this one as with CEM
    of 200 x 15 x 3, ants 0.93 times as much, for 0.38 of the evaluations."""

    updates: int = 1500
    """Meta-updates a round (twice as many in the first)."""
    final_updates: int = 12000
    """Meta-updates of the last fit, on all data."""
    tasks: int = 32
    """Tasks (window and future) in a meta-update."""
    learning_rate: float = 1e-3
    """Adam's step size for the weights; falls linearly to zero over the second half of a fit."""
    step_size_rate: float = 1e-2
    """Adam's step size for what is learned as a logarithm: inner step sizes, variances."""
    weight_decay: float = 0.1
    """Of the weight matrices (AdamW): each update takes off this share of them, times the learning
    rate. A planner finds where a rough model promises too much; smoother ones are planned with
    faster, at no cost (docs/experiments.md)."""
    prior_weight: float = 0.25
    """Weight of the unadapted model's own error in the loss."""
    discount: float = 0.85
    """Of what the terminal value expects beyond a planner's horizon, a control step; 0: no such
    value is fitted. Planners use it if they ask for it (`terminal=1`)."""
    validation_share: float = 0.1
    """Share of the episodes held out."""
    patience: int = 8
    """Validations without improvement after which a fit stops early."""
    validate_every: int = 1000
    """Meta-updates between validations, which are also the points a killed run resumes from."""
    threads: int = 0
    """Cores to use; 0 uses all."""

    def __post_init__(self) -> None:
        method = checked_method(self.model)
        if method.fitted_as is not None:
            raise AdaptiveControlError(
                f"model={self.model}: uses the weights of {method.fitted_as}; train that"
            )
        for name in (
            "window", "future", "unroll", "robots", "episode_steps", "random_batches", "updates",
            "final_updates", "tasks", "patience", "validate_every",
        ):  # fmt: skip
            _require(getattr(self, name) >= 1, name, getattr(self, name), "at least 1")
        _require(self.rounds_to_collect >= 0, "rounds", self.rounds, "0 or more")
        _require(self.threads >= 0, "threads", self.threads, "0 or more")
        _require(0 <= self.seed < 2**63, "seed", self.seed, f"from 0 to {2**63 - 1}")
        _require(self.future % self.unroll == 0, "unroll", self.unroll, "a divisor of future K")
        _require(
            self.episode_steps >= self.future, "episode_steps", self.episode_steps, "at least K"
        )
        _require(bool(self.hidden) and min(self.hidden) >= 1, "hidden", self.hidden, "widths >= 1")
        for name in ("learning_rate", "step_size_rate"):
            _require(0 < getattr(self, name) < 1, name, getattr(self, name), "between 0 and 1")
        for name in ("exploration", "prior_weight", "weight_decay"):
            _require(0 <= getattr(self, name) <= 10, name, getattr(self, name), "from 0 to 10")
        _require(0 <= self.discount < 1, "discount", self.discount, "from 0 to below 1")
        for name in ("whole_share", "paired_share"):
            _require(0 <= getattr(self, name) <= 1, name, getattr(self, name), "from 0 to 1")
        data = self.data is not None
        _require(data or not self.weights, "weights", self.weights, "with data")
        fits = data and not self.rounds_to_collect
        _require(fits or not self.logs, "logs", self.logs, "with data, and without rounds")
        _require(0 < self.logs_share < 1, "logs_share", self.logs_share, "between 0 and 1")
        share = self.validation_share
        _require(0 < share < 1, "validation_share", share, "between 0 and 1")

    @property
    def rounds_to_collect(self) -> int:
        """`rounds`, or what it is if not given."""
        if self.rounds is None:
            return _ROUNDS if self.data is None else 0
        return self.rounds

    @property
    def folder(self) -> Path:
        """Where the run lives."""
        return self.out or Path("runs") / f"{self.robot}-{self.model}"


def _require(holds: bool, field: str, value: object, allowed: str) -> None:
    # Comparisons with NaN are false, so a NaN never passes.
    if not holds:
        raise AdaptiveControlError(f"{field}={value}: must be {allowed}")
