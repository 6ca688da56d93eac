"""The search: Optuna proposes settings in generations, in an order that nothing can disturb.

    a generation   settings are proposed one after the other, before any of their results is known;
                   those that cannot meet the control period are told so at once, and cost nothing
                   the others are evaluated, in whatever order and by however many workers
                   their results are told in the order of proposal, and go to the journal

The sampler of trial k is seeded by k, and trial k is proposed from the trials before it. A study
that was killed reads its finished generations back and proposes the broken one again: the same.

Every other proposal is Optuna's, by TPE; those between are moves from the best settings so far
(`neighbours`).

Objectives: mean return (more is better) and p99 of the tick (less is better). A multi-objective
study of Optuna has no pruner, so hopeless settings are given up by hand (`evaluate.hopeless`): the
rival is the best setting of earlier generations that is at least as fast.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from optuna.distributions import CategoricalDistribution
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial, Trial, TrialState

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.tune.classes import Classes
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.evaluate import Job, Result
from adaptive_control.tune.latency import LatencyTable, Tick
from adaptive_control.tune.neighbours import Neighbours
from adaptive_control.tune.pool import Pool, run_jobs
from adaptive_control.tune.setting import Scenario, Setting
from adaptive_control.tune.space import Space
from adaptive_control.tune.store import Store

__all__ = ["Search", "Tried"]

_STUDY = "tune"
_RANDOM = 16
"""Trials before the sampler begins to learn."""
_TOO_SLOW = 200
"""So many settings in a row that are too slow: the period cannot be met."""


@dataclass(frozen=True)
class Tried:
    """A setting and what is known of it.

    Attributes:
        setting: the setting.
        tick: of the whole tick, by the latency table.
        result: on the scenarios of the search.
        origin: where it came from: a trial's number, or `sweep`.
    """

    setting: Setting
    tick: Tick
    result: Result
    origin: str


class Search:
    """A study.

    Args:
        config: what was asked for.
        space: what may be tried.
        default: the setting to beat; evaluated first, whether or not the space holds it.
        table: latencies.
        scenarios: `[B]`, the same for all trials.
        store: the study's folder.
        pool: where settings are evaluated.
    """

    def __init__(
        self,
        config: TuneConfig,
        space: Space,
        default: Setting,
        table: LatencyTable,
        scenarios: tuple[Scenario, ...],
        store: Store,
        pool: Pool,
    ):
        self._config, self._space, self._default = config, space, default
        self._table, self._scenarios = table, scenarios
        self._store, self._pool = store, pool
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self._limit = config.share * table.dt * 1e3
        classes = Classes(self._limit, table.tick(default).p99_ms)
        self._neighbours = Neighbours(space, table, classes)
        self._record = _journal(store)
        self.study = optuna.create_study(directions=["maximize", "minimize"])
        kept = _whole_generations(self._record.trials, config.generation)
        self.study.add_trials(kept)
        starts = space.starts()
        for values in starts[len(kept) :]:  # they are the first trials, in this order
            self.study.enqueue_trial(values)
        self._starts = len(starts)
        self.tried: dict[Setting, Tried] = {}

    @property
    def generations(self) -> int:
        """Generations that the configuration asks for."""
        return -(-self._config.trials // self._config.generation)

    @property
    def finished(self) -> int:
        """Generations that are done."""
        return _evaluated(self.study.trials) // self._config.generation

    @property
    def rejected(self) -> int:
        """Settings that were refused because they are too slow."""
        return sum(bool(trial.user_attrs.get("too_slow")) for trial in self.study.trials)

    @property
    def given_up(self) -> int:
        """Settings that were given up after the first robots."""
        return sum(t.state == TrialState.PRUNED for t in self.study.trials) - self.rejected

    def recall(self) -> None:
        """Evaluate the default, and take back what finished generations found."""
        result = self._evaluate([self._default], lambda count: None)[0]
        self._keep(self._default, result, "default")
        for trial in self.study.trials:
            setting = _setting_of(trial)
            if setting is not None and trial.state == TrialState.COMPLETE:
                result = self._evaluate([setting], lambda count: None)[0]
                self._keep(setting, result, str(trial.number))

    def run(
        self, deadline: float | None, watch: Callable[[int, int], None] = lambda done, all_: None
    ) -> bool:
        """Search until all generations are done.

        Args:
            deadline: by `time.monotonic`; no generation begins after it.
            watch: told the trials evaluated and their total.

        Returns:
            False if the time was up before all were done.
        """
        self.recall()
        size = self._config.generation
        total = self.generations * size
        watch(self.finished * size, total)
        while self.finished < self.generations:
            if deadline is not None and time.monotonic() > deadline:
                return False
            before = self.finished * size
            self._generation(lambda count, before=before: watch(before + count, total))
            self._write()
        return True

    def _generation(self, watch: Callable[[int], None]) -> None:
        proposed = [self._propose() for _ in range(self._config.generation)]
        settings = [setting for _, setting in proposed]
        results = self._evaluate(settings, watch)
        for (trial, setting), result in zip(proposed, results, strict=True):
            tick = self._table.tick(setting)
            if result.complete:
                self._keep(setting, result, str(trial.number))
                self.study.tell(trial, (result.mean, tick.p99_ms))
            else:
                self.study.tell(trial, state=TrialState.PRUNED)

    def _propose(self) -> tuple[Trial, Setting]:
        """The next setting that can meet the period; those that cannot are told at once."""
        for _ in range(_TOO_SLOW):
            number = len([t for t in self.study.trials if t.state != TrialState.WAITING])
            seed = int(np.random.SeedSequence([self._config.seed, 7, number]).generate_state(1)[0])
            self.study.sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=_RANDOM)
            if number >= self._starts and number % 2:
                self._enqueue_neighbour(seed)
            trial = self.study.ask()
            with warnings.catch_warnings():  # a default that was put in may lie between two steps
                warnings.simplefilter("ignore")
                setting = self._suggest(trial)
            tick = self._table.tick(setting)
            trial.set_constraint("period", tick.p99_ms / self._limit - 1)
            trial.set_user_attr("planner", setting.planner)
            trial.set_user_attr("window", setting.window)
            trial.set_user_attr("p99_ms", tick.p99_ms)
            if tick.p99_ms <= self._limit:
                return trial, setting
            trial.set_user_attr("too_slow", True)
            self.study.tell(trial, state=TrialState.PRUNED)
        raise AdaptiveControlError(
            f"share: {_TOO_SLOW} settings in a row take longer than {self._limit:.3g} ms at p99 "
            f"({self._table.source}); allow smaller ones by --candidates, --horizon, --iterations"
        )

    def _enqueue_neighbour(self, seed: int) -> None:
        tried = [
            (t.setting, t.result.mean)
            for t in self.tried.values()
            if t.setting.kind in self._space.planners  # the default may be of another kind
        ]
        if tried:
            self.study.enqueue_trial(self._neighbours.near(tried, np.random.default_rng(seed)))

    def _suggest(self, trial: Trial) -> Setting:
        kind = trial.suggest_categorical("planner", self._space.planners)
        values: dict[str, Any] = {}
        for name, distribution in self._space.distributions(kind).items():
            if isinstance(distribution, CategoricalDistribution):
                values[name] = trial.suggest_categorical(name, distribution.choices)
            elif isinstance(distribution, optuna.distributions.IntDistribution):
                low, high = distribution.low, distribution.high
                values[name] = trial.suggest_int(name, low, high, log=distribution.log)
            elif isinstance(distribution, optuna.distributions.FloatDistribution):
                low, high = distribution.low, distribution.high
                values[name] = trial.suggest_float(name, low, high, log=distribution.log)
        return self._space.setting(kind, values)

    def _evaluate(self, settings: list[Setting], watch: Callable[[int], None]) -> list[Result]:
        jobs = [self._job(setting) for setting in settings]
        return run_jobs(jobs, "search", self._store, self._pool, watch)

    def _job(self, setting: Setting) -> Job:
        tick = self._table.tick(setting)
        as_fast = [t for t in self.tried.values() if t.tick.p99_ms <= tick.p99_ms]
        rival = max(as_fast, key=lambda t: t.result.mean, default=None)
        return Job(
            setting, self._scenarios, self._config.steps, self._config.first,
            rival.result.returns if rival else (),
        )  # fmt: skip

    def _keep(self, setting: Setting, result: Result, origin: str) -> None:
        if setting not in self.tried:
            self.tried[setting] = Tried(setting, self._table.tick(setting), result, origin)

    def _write(self) -> None:
        """Append what is finished to the journal."""
        written = self._record.trials
        finished = [t for t in self.study.trials if t.state.is_finished()]
        for ours, theirs in zip(finished, written, strict=False):
            if ours.params != theirs.params:
                raise AdaptiveControlError(
                    f"resume: trial {ours.number} in {self._store.journal} is not the one that "
                    "this version proposes; begin another study"
                )
        self._record.add_trials(finished[len(written) :])


def _journal(store: Store) -> optuna.Study:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        backend = JournalFileBackend(str(store.journal))
        return optuna.create_study(
            storage=JournalStorage(backend), study_name=_STUDY, load_if_exists=True,
            directions=["maximize", "minimize"],
        )  # fmt: skip


def _evaluated(trials: list[FrozenTrial]) -> int:
    """Trials that cost an episode."""
    return sum(t.state.is_finished() and not t.user_attrs.get("too_slow") for t in trials)


def _whole_generations(trials: list[FrozenTrial], size: int) -> list[FrozenTrial]:
    """The trials up to the end of the last whole generation."""
    whole = _evaluated(trials) // size * size
    count = 0
    for place, trial in enumerate(trials):
        count += not trial.user_attrs.get("too_slow")
        if count == whole:
            return trials[: place + 1] if whole else []
    return []


def _setting_of(trial: FrozenTrial) -> Setting | None:
    """The setting that a trial stands for; None for one that is not proposed yet."""
    planner = trial.user_attrs.get("planner")
    return None if planner is None else Setting(planner, trial.user_attrs["window"])
