"""The table from results made by hand: what it says, and that it says what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from adaptive_control.evaluation.no_harm import harm
from adaptive_control.evaluation.plan import MODEL_ORACLE, SIMULATOR_ORACLE
from adaptive_control.evaluation.plots import write_plots
from adaptive_control.evaluation.summary import pooled, recovery, unusable
from adaptive_control.evaluation.table import MISSING, table

STEPS = 40
Returns = Mapping[str, list[float] | None]


def episode(seed: int, value: float, recovered: float | None) -> dict[str, Any]:
    return {
        "seed": seed,
        "return": value,
        "recovery_steps": recovered,
        "error_before": 0.4,
        "error_after": None if seed else 0.1,
    }


def result(values: list[float] | None, group: str = "", recovered: float | None = 4.0) -> Any:
    if values is None:
        return {"group": group, "cells": ["x"], "episodes": None}
    scored = {"prior": 0.8, "adapted": 0.2}
    errors = {"prior": [1.0, 3.0], "adapted": [0.5, 1.5], "ratio": 0.5, "scored": scored}
    return {
        "group": group,
        "cells": ["x"],
        "episodes": [episode(seed, value, recovered) for seed, value in enumerate(values)],
        "k_step_error": {"before_fault": errors, "after_fault": errors},
        "speed": {"low": [0.5] * STEPS, "median": [1.0] * STEPS, "high": [1.5] * STEPS},
        "dt": 0.05,
        "seconds": {"wall": 1.0, "core": 1.0},
    }


def condition(suite: str, onset: str, returns: Returns, group: str = "") -> dict[str, Any]:
    fault = STEPS // 2 if onset == "mid" else None
    test = "none" if onset == "none" else "mass:1.5"
    return {
        "suite": suite,
        "robot": "half-cheetah",
        "test": test,
        "onset": onset,
        "perturbation": test + ("@1s" if fault else ""),
        "fault_step": fault,
        "scored_from": fault or 0,
        "results": {
            name: result(values, group if "[" in name else "") for name, values in returns.items()
        },
    }


def results(*conditions: dict[str, Any], **progress: Any) -> dict[str, Any]:
    names = dict.fromkeys(name for c in conditions for name in c["results"])
    budget = {"seeds": 2, "steps": STEPS, "planners": {"half-cheetah": "cem"}}
    return {
        "settings": {"budget": budget, "machine": {"cores": 2}, "ablate_model": "grbal"},
        "progress": {"cells": 4, "done": 4, "missing": [], "failed": {}, "seconds": {}, **progress},
        "variants": list(names),
        "models": {"half-cheetah": {"grbal": "ships"}},
        "conditions": list(conditions),
    }


def rows(page: str, heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by their first cell."""
    section = page.split(f"## {heading}\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: row[1:] for row in cells}


def test_normalised_by_the_oracles_mean_and_pooled_over_conditions():
    oracle = [18.0, 22.0]
    page = table(
        results(
            condition(
                "body", "mid", {"mb": [10.0, 10.0], "grbal": [20.0, 20.0], MODEL_ORACLE: oracle}
            ),
            condition(
                "body", "start", {"mb": [10.0, 10.0], "grbal": [30.0, 30.0], MODEL_ORACLE: oracle}
            ),
        )
    )
    heads = rows(page, f"Return over the {MODEL_ORACLE}'s")
    assert heads["suite"] == ["mb", "grbal"]
    mb, grbal = heads["half-cheetah body"]
    assert mb == "0.50 [0.50, 0.50]"
    assert grbal.startswith("1.25 [1.25, 1.25] p=0.12")  # four pairs, all one way: 2 / 2^4
    assert "Left out" not in page


def test_beside_mb_without_an_oracle():
    page = table(
        results(
            condition("body", "mid", {"mb": [10.0, 10.0], "grbal": [30.0, 30.0]}),
            condition("body", "start", {"mb": [20.0, 20.0], "grbal": [60.0, 60.0]}),
            condition("pier", "start", {"mb": [20.0, 20.0], "grbal": [20.0, 20.0]}),
            condition("slopes", "start", {"mb": [20.0, 20.0], "grbal": None}),
            condition("body", "none", {"mb": [1.0, 1.0], "grbal": [1.0, 1.0]}),
        )
    )
    found = rows(page, "Return for each step")
    # A fault in mid-episode scores 20 of 40 steps: all runs are at 0.5 and at 1.5 a step;
    # four pairs, all one way, are 2 / 2^4, and there are three tests.
    assert found["half-cheetah body"][0] == "0.50 [0.50, 0.50]"
    assert found["half-cheetah body"][1].startswith(
        "**1.50 [1.50, 1.50]** 3.00 x p=0.38"
    )  # 3 * 2 / 2^4
    assert found["half-cheetah pier"][1] == "0.50 [0.50, 0.50] 1.00 x p=1"
    assert found["half-cheetah slopes"] == ["0.50 [0.50, 0.50]", MISSING]
    assert "(3 of 4 conditions)" in found["half-cheetah all suites"][1]
    alone = table(results(condition("body", "mid", {"grbal": [20.0, 20.0]})))
    assert rows(alone, "Return for each step")["half-cheetah body"] == ["1.00 [1.00, 1.00]"]


def test_a_variant_that_a_robot_does_not_have_is_no_row_of_it():
    heads = {"mb": [10.0, 10.0], "grbal": [20.0, 20.0]}
    ant = condition("body", "mid", {"mb": [5.0, 5.0]}) | {"robot": "ant"}
    made = results(condition("body", "mid", heads), ant)
    made["settings"]["budget"]["planners"]["ant"] = "cem"
    section = table(made).split("## At a glance")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if "|" in line]
    found = [(line[0], line[1]) for line in lines if line[0] in ("half-cheetah", "ant")]
    assert found == [("half-cheetah", "mb"), ("half-cheetah", "grbal"), ("ant", "mb")]


def test_at_a_glance_counts_suites_and_pairs_runs():
    mb, de, adaptive = [10.0, 20.0], [20.0, 21.0], [30.0, 60.0]
    page = table(
        results(
            condition("body", "mid", {"mb": mb, "mb-de": de, "grbal": adaptive}),
            condition("pier", "mid", {"mb": mb, "mb-de": de, "grbal": [4.0, 5.0]}),
            condition("slopes", "mid", {"mb": mb, "mb-de": None, "grbal": [10.0, 20.0]}),
            condition("body", "none", {"mb": mb, "mb-de": de, "grbal": mb}),
        )
    )
    section = page.split("## At a glance")[1].split("\n## ")[0]
    lines = [line.strip("| ").split(" | ") for line in section.splitlines() if "cheetah" in line]
    found = {line[1]: line[2:] for line in lines}
    assert found["mb"][1:4] == ["-", "-", "0, 0 of 2"]  # mb-de is missing on slopes
    assert found["grbal"][2:4] == ["1, 1 of 3", "1, 1 of 2"]
    # 30 and 60, 4 and 5, 10 and 20 under a fault each, over 10 and 20 three times.
    assert found["grbal"][1].startswith("1.43 [")
    assert found["mb-de"][0].endswith("(2 of 3 conditions)")
    assert found["grbal"][4:] == ["4; 0%", "1.00 [1.00, 1.00]", "0.25"]


def test_a_figure_of_fewer_conditions_says_so_and_is_not_held_against_others():
    """`grbal` was to run under the hard one alone, where it is as good as mb."""
    easy, hard = [30.0, 31.0], [10.0, 11.0]
    page = table(
        results(
            condition("body", "mid", {"mb": hard, "grbal": hard}),
            condition("body", "start", {"mb": easy}),
        )
    )
    found = rows(page, "Return for each step")["half-cheetah body"]
    assert found[1] == "0.53 [0.50, 0.55] 1.00 x (1 of 2 conditions) p=1"
    line = next(row for row in page.splitlines() if row.startswith("| half-cheetah | grbal |"))
    assert line.split(" | ")[4] == "0, 0 of 1"
    assert "(1 of 2 conditions)" in line


def test_robots_are_not_averaged_over():
    ant = {**condition("body", "mid", {"mb": [2.0, 2.0]}), "robot": "ant"}
    both = [condition(suite, "mid", {"mb": [20.0, 20.0]}) for suite in ("body", "pier")]
    found = rows(table(results(ant, *both)), "Return for each step")
    assert set(found) == {
        "suite", "ant body", "half-cheetah body", "half-cheetah pier", "half-cheetah all suites",
    }  # fmt: skip


def test_at_a_glance_an_oracle_of_fewer_seeds_meets_its_own():
    returns: Returns = {"mb": [10.0, 90.0], SIMULATOR_ORACLE: [40.0]}
    page = table(results(condition("body", "mid", returns), condition("body", "none", returns)))
    line = next(row for row in page.splitlines() if f"| {SIMULATOR_ORACLE} |" in row)
    assert line.split(" | ")[3:5] == ["4.00", "-"]  # one seed: nothing is known of the spread
    assert line.split(" | ")[5] == "0, 0 of 1"  # nor, then, whether it is ahead
    assert MISSING not in line
    heads = next(row for row in page.splitlines() if row.startswith("| robot | method |"))
    assert heads.split(" | ")[4] == f"of {SIMULATOR_ORACLE}"
    assert MODEL_ORACLE not in heads  # nobody asked for it
    ours = next(row for row in page.splitlines() if row.startswith("| half-cheetah | mb |"))
    assert ours.split(" | ")[4].startswith("1.25 [")  # 10 and 90 over 40


def test_what_is_missing_is_said_and_not_taken_for_zero():
    whole = {"mb": [10.0, 10.0], "grbal": [20.0, 20.0], MODEL_ORACLE: [20.0, 20.0]}
    page = table(
        results(
            condition("body", "mid", whole),
            condition("body", "start", {**whole, "grbal": None}),
            condition("pier", "mid", {**whole, "grbal": None}),
            condition("slopes", "mid", {**whole, MODEL_ORACLE: None}),
            done=1,
        )
    )
    assert "1 of 4 cells are done; figures that need the others" in page
    found = rows(page, f"Return over the {MODEL_ORACLE}'s")
    assert found["half-cheetah body"][0] == "0.50 [0.50, 0.50]"
    assert "(1 of 2 conditions)" in found["half-cheetah body"][1]
    assert found["half-cheetah pier"][1] == MISSING
    assert found["half-cheetah slopes"] == [MISSING, MISSING]
    assert rows(page, "Recovery")["half-cheetah pier"][1] == MISSING
    raw = rows(page, "Every condition")
    assert raw["half-cheetah pier"][2] == MISSING


def test_a_page_can_be_made_before_any_cell_is_done():
    nothing: Returns = {"mb": None, "grbal": None, MODEL_ORACLE: None, SIMULATOR_ORACLE: None}
    page = table(
        results(condition("body", "mid", nothing), condition("body", "none", nothing), done=0)
    )
    assert "0 of 4 cells" in page
    for heading in (f"Return over the {MODEL_ORACLE}'s", "Recovery", "Every condition"):
        for name, cells in rows(page, heading).items():
            if name.startswith("half-cheetah"):
                assert set(cells[1:]) == {MISSING}


def test_failures_are_listed():
    page = table(
        results(condition("body", "mid", {"mb": None}), failed={"cell-1": "ValueError: no"})
    )
    assert "1 cells failed" in page
    assert "- `cell-1`: ValueError: no" in page


def test_a_oracle_that_earns_nothing_is_left_out_and_named():
    poor = condition("body", "mid", {"grbal": [5.0], MODEL_ORACLE: [0.1]})
    good = condition("body", "start", {"grbal": [20.0], MODEL_ORACLE: [20.0]})
    assert unusable([poor, good], MODEL_ORACLE, STEPS) == [poor]
    found = pooled([poor, good], "grbal", STEPS)
    assert found.estimate is not None
    assert (found.estimate.value, found.known, found.wanted) == (1.0, 1, 1)
    assert "Left out" in table(results(poor, good))


def test_harm_is_against_mb_on_the_whole_robot():
    whole = condition("body", "none", {"mb": [10.0, 20.0], "grbal": [11.0, 22.0], "pets": None})
    found = harm([whole], "grbal")
    assert found is not None
    assert found.value == pytest.approx(1.1)
    row = rows(table(results(whole)), "No harm")["half-cheetah"]
    assert row == ["1.10 [1.10, 1.10]", MISSING]


def test_harm_counts_a_model_of_all_suites_once_and_those_of_single_suites_all():
    shared = {"mb": [10.0, 20.0], "grbal": [11.0, 22.0]}
    whole = [
        condition("body", "none", {**shared, "own": [10.0, 20.0]}),
        condition("slopes", "none", {**shared, "own": [5.0, 10.0]}),
        condition("pier", "none", shared),
    ]
    once, own = harm(whole, "grbal"), harm(whole, "own")
    assert once is not None
    assert (once.value, once.count) == (pytest.approx(1.1), 2)
    assert own is not None
    assert (own.value, own.count) == (pytest.approx(0.75), 4)
    page = table(results(*whole))
    assert rows(page, "No harm")["half-cheetah"] == ["1.10 [1.10, 1.10]", "0.75 [0.67, 0.83]"]


def test_a_reference_that_earns_nothing_is_not_called_missing():
    whole = condition("body", "none", {"mb": [-1.0, -2.0], "grbal": [1.0, 2.0]})
    assert rows(table(results(whole)), "No harm")["half-cheetah"] == ["mb earns nothing"]


def test_a_return_that_is_no_number_leaves_its_cell_out_and_no_more():
    broken = condition("body", "mid", {"mb": [1.0, 2.0], "grbal": [3.0, None]})  # type: ignore[list-item]
    page = table(results(broken, condition("body", "start", {"mb": [1.0, 2.0], "grbal": [3.0, 4]})))
    assert "(1 of 2 conditions)" in rows(page, "Return for each step")["half-cheetah body"][1]


def test_three_ways_to_measure_a_models_error():
    page = table(results(condition("body", "mid", {"grbal": [1.0, 2.0], "pets": None})))
    section = page.split("## Model error under the fault")[1]
    name = "half-cheetah body"
    assert f"| {name} | one step | 0.400 -> 0.100 (0.25) | {MISSING} |" in section
    assert f"| {name} | K transitions | 0.800 -> 0.200 (0.25) | {MISSING} |" in section
    assert f"| {name} | K steps open loop | 2.000 -> 1.000 (0.50) | {MISSING} |" in section


def test_recovery_counts_never():
    at = condition("body", "mid", {"grbal": [1.0, 1.0, 1.0]})
    for run, value in zip(at["results"]["grbal"]["episodes"], (3.0, -1.0, None), strict=True):
        run["recovery_steps"] = value
    found = recovery([at], "grbal")
    assert (found.median, found.never, found.known, found.wanted) == (float("inf"), 0.5, 1, 1)
    assert rows(table(results(at)), "Recovery")["half-cheetah body"] == ["never; 50%"]


def test_ablations_have_a_table_of_their_own():
    returns: Returns = {"grbal": [20.0], "grbal [M=4]": [10.0], MODEL_ORACLE: [20.0]}
    page = table(results(condition("body", "mid", returns, group="M")))
    assert rows(page, f"Return over the {MODEL_ORACLE}'s")["suite"] == ["grbal"]
    section = page.split("## Ablations")[1].split("\n## ")[0]
    assert "| M | grbal | 1.00; error 0.50 |" in section
    assert "| M | grbal [M=4] | 0.50; error 0.50 |" in section


def test_without_an_oracle_ablations_have_the_return_of_each_step_and_its_interval():
    varied: Returns = {"grbal": [20.0, 22.0, 24.0], "grbal [cem]": [10.0, 10.0, 10.0]}
    own: Returns = {"grbal": [20.0, 22.0, 24.0]}
    page = table(
        results(condition("body", "mid", varied, group="planner"), condition("motors", "mid", own))
    )
    section = page.split("## Ablations")[1].split("\n## ")[0]
    row = next(line for line in section.splitlines() if "grbal [cem]" in line)
    assert row.split(" | ")[2:] == ["0.50 [0.50, 0.50]; error 0.50", "- |"]


def test_plots_are_drawn_from_what_there_is(tmp_path):
    returns: Returns = {"mb": [9.0], "grbal": [20.0], "grbal [M=4]": [10.0], MODEL_ORACLE: [20.0]}
    whole = results(condition("body", "mid", returns, group="M"))
    written = write_plots(tmp_path, whole)
    assert {path.name for path in written} == {
        "returns.png", "recovery.png", "model_error.png", "ablations.png",
    }  # fmt: skip
    assert all(path.stat().st_size > 1000 for path in written)
    without = results(condition("body", "mid", {"mb": [9.0], MODEL_ORACLE: None}))
    assert tmp_path / "returns.png" in write_plots(tmp_path, without)
    nothing: Returns = {"mb": None, "grbal": None}
    assert write_plots(tmp_path, results(condition("body", "mid", nothing))) == []
    assert not list(tmp_path.glob("*.png"))
