"""Tuning from end to end: measure latencies, search, sweep, final, check, and write what was found.

Each part reads from the study's folder what is already known, so `--resume` goes through the same
steps and spends time only where something is missing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import write_json, write_text
from adaptive_control.planning import checked_terminal
from adaptive_control.pretrained import planner_for, pretrained_path
from adaptive_control.training import LoadedModel, load_model
from adaptive_control.training.report import Reporter
from adaptive_control.tune.check import compare
from adaptive_control.tune.choose import choose, finalists, pareto
from adaptive_control.tune.classes import Classes
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.contest import contest
from adaptive_control.tune.draws import held_out_scenarios, training_scenarios
from adaptive_control.tune.evaluate import Result
from adaptive_control.tune.foresight import Foresight, foresight
from adaptive_control.tune.importance import importances
from adaptive_control.tune.latency import LatencyTable, Tick, read_profile
from adaptive_control.tune.measure import AgentFactory, Agents, measure_ticks, study_latencies
from adaptive_control.tune.outcome import Findings, markdown_report, write_findings
from adaptive_control.tune.plan import (
    CHECK_STEPS,
    FINAL_ROBOTS,
    plan_lines,
    tick_lines,
    trial_seconds,
)  # fmt: skip
from adaptive_control.tune.pool import Pool, open_pool
from adaptive_control.tune.report import describe, figures_of
from adaptive_control.tune.search import Search, Tried
from adaptive_control.tune.setting import Scenario, Setting
from adaptive_control.tune.space import Space
from adaptive_control.tune.starts import check_start, start_lines
from adaptive_control.tune.store import Store, check_folder, open_store
from adaptive_control.tune.sweep import best_by_horizon, sweep, sweep_horizons
from adaptive_control.tune.traps import response_steps, traps
from controllers import format_planner, load_planner
from robots import Robot, get_robot

__all__ = ["MakeAgents", "Tuned", "prepare", "tune"]

MakeAgents = Callable[[Path, LoadedModel, Robot], tuple[AgentFactory, str]]
"""`(checkpoint, model, robot) -> (agents to measure, what they are)`."""


@dataclass(frozen=True)
class Tuned:
    """What came of a study.

    Attributes:
        winners: the chosen setting of each class.
        complete: False if the time was up before all trials were done.
        warnings: about the chosen setting.
        report: `pareto.md`.
    """

    winners: Mapping[str, Setting]
    complete: bool
    warnings: tuple[str, ...]
    report: str


def prepare(config: TuneConfig) -> TuneConfig:
    """Refuse what no study could do, before anything is made; spell the planners named out.

    Raises:
        AdaptiveControlError, RobotError, PlannerError: something asked for cannot be.
    """
    robot = get_robot(config.robot)
    default, own = planner_for(config.robot, config.default), planner_for(config.robot)
    start = [load_planner(text) for text in config.start]
    if not start and own.name in config.planners:
        start = [own]
    config = replace(
        config, default=format_planner(default), start=tuple(map(format_planner, start))
    )
    check_folder(config)
    if not config.resume:  # a study has its own copies
        model = load_model(_checkpoint(config), robot=config.robot, method=config.model)
        space = Space.of(config, model.window, model.dynamics.adapts, model.value is not None)
        for planner in (default, *start):
            checked_terminal(planner, model.value)
        for planner in start:
            if planner != own:  # which any study may begin with, moved inside its limits
                check_start(space, planner)
        if config.profile:
            read_profile(config.profile, robot.spec.dt, model.window)
    return config


def tune(config: TuneConfig, reporter: Reporter, make_agents: MakeAgents) -> Tuned:
    """Run a study, or go on with it.

    Args:
        config: what is asked for, as `prepare` returned it.
        reporter: shown the progress.
        make_agents: what latencies are measured on, unless there is a profile.

    Raises:
        AdaptiveControlError: another process is at work in the folder, or no setting is fast
            enough.
    """
    started = time.monotonic()
    robot = get_robot(config.robot)
    with open_store(config) as store:
        if not store.model.is_file():
            store.take_model(_checkpoint(config))
        model = load_model(store.model, robot=config.robot, method=config.model)
        space = Space.of(config, model.window, model.dynamics.adapts, model.value is not None)
        agents = cache(lambda: make_agents(store.model, model, robot))
        table = study_latencies(config, store, model.window, robot, space, agents, reporter)
        with open_pool(store.model, config.robot, config.model, config.workers, config.ray) as pool:
            study = _Study(config, store, model, robot, space, table, pool, reporter, agents)
            deadline = None if config.timeout is None else started + config.timeout
            return study.run(deadline)


def _checkpoint(config: TuneConfig) -> Path:
    return config.checkpoint or pretrained_path(config.robot, config.model)


class _Study:
    """The steps of a study, in order."""

    def __init__(
        self,
        config: TuneConfig,
        store: Store,
        model: LoadedModel,
        robot: Robot,
        space: Space,
        table: LatencyTable,
        pool: Pool,
        reporter: Reporter,
        agents: Agents,
    ):
        self.config, self.store, self.model, self.robot = config, store, model, robot
        self.space, self.table, self.pool = space, table, pool
        self.reporter, self.agents = reporter, agents
        self.default = Setting(config.default, model.window)
        self.limit_ms = config.share * table.dt * 1e3
        self.classes = Classes(self.limit_ms, table.tick(self.default).p99_ms)
        self.scenarios = training_scenarios(
            robot, config.robots, config.steps, config.seed, "search"
        )

    def run(self, deadline: float | None) -> Tuned:
        """All steps."""
        self._say_plan()
        search = Search(
            self.config, self.space, self.default, self.table, self.scenarios, self.store,
            self.pool,
        )  # fmt: skip
        complete = self._search(search, deadline)
        tried = list(search.tried.values())
        swept = self._sweep(tried)
        everything = tried + [t for t in swept if t.setting not in search.tried]
        front = pareto([t for t in everything if t.tick.p99_ms <= self.limit_ms])
        finals = self._final(everything)
        p99 = {setting: self.table.tick(setting).p99_ms for setting in finals}
        winners = choose(finals, p99, self.classes, self.default, self.model.window)
        if "best" not in winners:
            raise AdaptiveControlError(
                f"share: no setting takes less than {self.limit_ms:.3g} ms at p99; allowed: a "
                "greater share, or an idle machine, where latencies are shorter"
            )
        sight = self._foresight(winners["best"])
        findings = Findings(
            title=f"{self.config.robot}, {self.config.model}",
            complete=complete,
            evaluated=search.finished * self.config.generation,
            given_up=search.given_up,
            refused=search.rejected,
            limit_ms=self.limit_ms,
            table=self.table,
            tried=tuple(everything),
            front=tuple(front),
            default=self.default,
            winners=winners,
            finals=finals,
            importance=importances(search.study),
            bins=tuple(best_by_horizon(everything, sweep_horizons(self.config))),
            sight=sight,
            trained_future=self.model.metadata.get("settings", {}).get("future"),
            warnings=tuple(self._warnings(winners["best"], sight)),
        )
        write_findings(self.store.folder, findings)
        check = self._check(winners, finals) if self.config.check else None
        report = markdown_report(findings, check)
        write_text(self.store.folder / "pareto.md", report)
        return Tuned(winners, complete, findings.warnings, report)

    def _say_plan(self) -> None:
        seconds = trial_seconds(
            self.model, self.robot, self.default, self.scenarios[: self.config.first]
        )
        trial = seconds * self.config.robots * self.config.steps
        for line in plan_lines(self.config, trial, self.pool.workers):
            self.reporter.line(line)
        ticks = tick_lines(self.table, self.default, self.config.share)
        for line in (*start_lines(self.space), *ticks):
            self.reporter.line(line)

    def _search(self, search: Search, deadline: float | None) -> bool:
        self.reporter.stage("search", search.generations * self.config.generation)

        def show(done: int, total: int) -> None:
            fit = [t for t in search.tried.values() if t.tick.p99_ms <= self.limit_ms]
            best = max(fit, key=lambda t: t.result.mean, default=None)
            words = ""
            if best:
                words = f"best {best.result.mean:.1f} in {best.tick.p99_ms:.1f} ms: "
                words += describe(best.setting)
            self.reporter.progress(done, words)

        complete = search.run(deadline, show)
        done = search.finished * self.config.generation
        words = (
            f"search: {done} settings evaluated, {search.given_up} of them given up early; "
            f"{search.rejected} refused as too slow"
        )
        self.reporter.line(words if complete else f"{words}; the time was up, --resume goes on")
        return complete

    def _sweep(self, tried: list[Tried]) -> list[Tried]:
        if self.config.sweep == 0:
            return []
        self.reporter.stage("sweep", len(sweep_horizons(self.config)))
        return sweep(
            self.config, self.space, tried, self.table, self.scenarios, self.store, self.pool,
            lambda done, total: self.reporter.progress(
                round(done / max(total, 1) * len(sweep_horizons(self.config))), "horizons"
            ),
        )  # fmt: skip

    def _final(self, tried: list[Tried]) -> dict[Setting, Result]:
        """The best meet again on new draws."""
        settings = finalists(tried, self.classes, self.default, self.model.window)
        scenarios = training_scenarios(
            self.robot, FINAL_ROBOTS * self.config.robots, self.config.steps, self.config.seed,
            "final",
        )  # fmt: skip
        return self._contest("final", settings, scenarios, self.config.steps)

    def _check(
        self, winners: Mapping[str, Setting], finals: Mapping[Setting, Result]
    ) -> dict[str, Any]:
        """Default and winners on perturbations that nothing before has met."""
        named = {"default": self.default, **winners}
        steps = CHECK_STEPS * self.config.steps
        scenarios = held_out_scenarios(self.robot, steps, self.config.check_seeds, self.config.seed)
        results = self._contest("check", list(dict.fromkeys(named.values())), scenarios, steps)
        figures = compare(scenarios, named, results)
        measured = self._measured(set(named.values()))
        for name, setting in named.items():
            tick = self.table.tick(setting)
            figures[name] = {
                **figures_of(setting, tick, measured.get(setting), finals.get(setting)),
                **figures[name],
            }
        check = {
            "robots": len(scenarios), "steps": steps, "limit_ms": self.limit_ms,
            "latencies": self.table.source, "settings": figures,
        }  # fmt: skip
        write_json(self.store.folder / "check.json", check)
        return check

    def _measured(self, settings: set[Setting]) -> dict[Setting, Tick]:
        """Whole ticks measured as such; nothing where latencies come from another machine."""
        if self.config.profile:
            return {}
        agents, _ = self.agents()
        return measure_ticks(agents, self.robot, settings)

    def _contest(
        self, purpose: str, settings: list[Setting], scenarios: tuple[Scenario, ...], steps: int
    ) -> dict[Setting, Result]:
        return contest(
            purpose, settings, scenarios, steps, self.config.robots, self.store, self.pool,
            self.reporter,
        )  # fmt: skip

    def _foresight(self, setting: Setting) -> Foresight:
        scenarios = training_scenarios(
            self.robot, self.config.robots, self.config.steps, self.config.seed, "foresight"
        )
        return self.store.foresight(
            setting,
            lambda: foresight(
                self.model, self.robot, setting, scenarios, self.config.steps,
                self.config.horizon[1],
            ),
        )  # fmt: skip

    def _warnings(self, setting: Setting, sight: Foresight) -> list[str]:
        response = response_steps(self.robot)
        found = traps(setting, self.table, self.limit_ms, response, sight, self.space)
        found += [
            f"default: {words}"
            for words in traps(self.default, self.table, self.limit_ms, response, sight, None)
        ]
        return found
