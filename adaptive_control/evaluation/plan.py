"""The plan: which cells an evaluation needs, and where in the table each of them goes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from adaptive_control.evaluation import costs
from adaptive_control.evaluation.budget import Budget, budget_of
from adaptive_control.evaluation.cells import Cell, Source
from adaptive_control.evaluation.checkpoints import Checkpoints
from adaptive_control.evaluation.conditions import Condition, conditions_of, phases
from adaptive_control.evaluation.config import EvaluateConfig
from adaptive_control.evaluation.variants import Variant, ablation_variants
from adaptive_control.methods import DEFAULT_METHOD
from adaptive_control.suites import Suite, suites_named
from controllers import load_planner
from robots import parse_perturbation

__all__ = ["MODEL_ORACLE", "OWN_ROUNDS", "SIMULATOR_ORACLE", "Entry", "Plan", "make_plan"]

MODEL_ORACLE = "model oracle"
SIMULATOR_ORACLE = "simulator oracle"
OWN_ROUNDS = f"{DEFAULT_METHOD} (own rounds)"
"""The default method, fitted in the rounds that collected the data, not once on all of it."""

_PER_SUITE = {
    ("crippled-joint", "half-cheetah"),
    ("slopes", "half-cheetah"),
    ("pier", "half-cheetah"),
    ("crippled-leg", "ant"),
}
"""The paper's experiments, for which it trained a model each."""
_PAPER_METHODS = ("mb", "grbal", "rebal")


@dataclass(frozen=True)
class Entry:
    """A place in the table: a variant under a condition, and the cells that fill it."""

    variant: str
    group: str
    condition: Condition
    cells: tuple[str, ...]


@dataclass
class Plan:
    """Everything to be done.

    Attributes:
        budget: how much of everything.
        suites: the suites.
        variants: the names of the table's columns, oracles last.
        cells: by id, each after those it needs.
        entries: of the table.
        models: for each robot and variant, where its weights come from.
    """

    budget: Budget
    suites: tuple[Suite, ...]
    variants: tuple[str, ...] = ()
    cells: dict[str, Cell] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    models: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, cell: Cell) -> str:
        """Take a cell in, once, and return its id."""
        return self.cells.setdefault(cell.id, cell).id


def make_plan(config: EvaluateConfig) -> Plan:
    """The cells of an evaluation.

    Raises:
        AdaptiveControlError: a suite, a folder of data or a checkpoint that does not exist.
        PlannerError: no such planner.
    """
    suites = suites_named(config.suite)
    plan = Plan(budget_of(config, dict.fromkeys(suite.robot for suite in suites)), suites)
    checkpoints = Checkpoints(config, plan.budget, plan.add)
    for suite in plan.suites:
        for condition in conditions_of(
            suite, plan.budget.steps, plan.budget.first_tests, plan.budget.from_start
        ):
            for variant in _variants(config, plan.budget, checkpoints, condition):
                _add_episodes(plan, checkpoints, variant, condition)
            _add_oracles(plan, config, checkpoints, condition)
    names = dict.fromkeys(entry.variant for entry in plan.entries)
    oracles = [name for name in (MODEL_ORACLE, SIMULATOR_ORACLE) if name in names]
    plan.variants = (*(name for name in names if name not in oracles), *oracles)
    return plan


def _variants(
    config: EvaluateConfig, budget: Budget, checkpoints: Checkpoints, condition: Condition
) -> Iterable[Variant]:
    """What runs under a condition."""
    yield from (Variant(method, method) for method in config.methods)
    if DEFAULT_METHOD in config.methods and checkpoints.has_own_rounds(condition.robot):
        yield Variant(OWN_ROUNDS, DEFAULT_METHOD, own_rounds=True)
    if config.per_suite and (condition.suite, condition.robot) in _PER_SUITE:
        for method in _PAPER_METHODS:
            yield Variant(f"{method} (own suite)", method, trained_on=condition.suite)
    if config.ablations and condition.onset in ("mid", "own"):
        if config.ablate_model not in config.methods:
            yield Variant(config.ablate_model, config.ablate_model)
        yield from ablation_variants(config, budget.planners[condition.robot])


def _add_episodes(
    plan: Plan, checkpoints: Checkpoints, variant: Variant, condition: Condition
) -> None:
    source, told = checkpoints.of(condition.robot, variant)
    plan.models.setdefault(condition.robot, {})[variant.name] = told
    cell = _episodes_cell(plan, variant, condition, {"model": source}, [(0, "model")])
    plan.entries.append(Entry(variant.name, variant.group, condition, (plan.add(cell),)))


def _episodes_cell(
    plan: Plan,
    variant: Variant,
    condition: Condition,
    inputs: dict[str, Source],
    models: list[tuple[int, str]],
) -> Cell:
    budget = plan.budget
    test = dict(variant.test)
    planner = test.pop("planner", budget.planners[condition.robot])
    settings = _settings(condition, budget, range(budget.seeds), planner)
    settings |= {"method": variant.method, "models": models, "test": test}
    cost = costs.episodes(variant.method, load_planner(planner), budget.seeds * budget.steps)
    name = f"{condition.robot} {variant.name} {condition.perturbation}"
    return Cell("episodes", name, settings, inputs, cost)


def _settings(
    condition: Condition, budget: Budget, seeds: Iterable[int], planner: str
) -> dict[str, Any]:
    return {
        "robot": condition.robot,
        "perturbation": condition.perturbation,
        "seeds": list(seeds),
        "steps": budget.steps,
        "planner": planner,
        "fault_step": condition.fault_step,
        "scored_from": condition.scored_from,
    }


def _add_oracles(
    plan: Plan, config: EvaluateConfig, checkpoints: Checkpoints, condition: Condition
) -> None:
    budget = plan.budget
    if config.oracles in ("both", "model"):
        inputs, models = {}, []
        for start, text in phases(condition.perturbation, condition.robot, budget.steps):
            always = str(parse_perturbation(text, condition.robot).with_schedule(0.0))
            inputs[f"from {start}"] = checkpoints.on_one_perturbation(condition.robot, always)
            models.append((start, f"from {start}"))
        cell = _episodes_cell(plan, Variant(MODEL_ORACLE, "mb"), condition, inputs, models)
        plan.entries.append(Entry(MODEL_ORACLE, "", condition, (plan.add(cell),)))
    if config.oracles in ("both", "simulator"):
        text = budget.planners[condition.robot]
        planner = load_planner(text)
        cost = costs.simulating(condition.robot, planner, budget.steps)
        inputs = {}
        if planner.lookahead.asks_for_value:  # the default method's is every method's
            inputs["model"], _ = checkpoints.of(
                condition.robot, Variant(DEFAULT_METHOD, DEFAULT_METHOD)
            )
        cells = [
            Cell(
                "simulator",
                f"{condition.robot} seed {seed} {condition.perturbation}",
                _settings(condition, budget, [seed], text),
                inputs,
                cost,
            )
            for seed in range(budget.oracle_seeds)
        ]
        ids = tuple(plan.add(cell) for cell in cells)
        plan.entries.append(Entry(SIMULATOR_ORACLE, "", condition, ids))
