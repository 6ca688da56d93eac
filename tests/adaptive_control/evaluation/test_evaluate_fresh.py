"""Evaluations from nothing: data are collected, and everyone is fitted on them."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from adaptive_control.evaluation import budget as budgets
from adaptive_control.evaluation.plan import MODEL_ORACLE, OWN_ROUNDS, make_plan
from adaptive_control.evaluation.run import evaluate
from adaptive_control.methods import DEFAULT_METHOD
from tests.adaptive_control.evaluation.serial import quiet, serial, tiny


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    small = dataclasses.replace(
        budgets._QUICK, robots=4, rounds=1, updates=4, final_updates=6, oracle_rounds=1,
        oracle_updates=6,
    )  # fmt: skip
    monkeypatch.setattr(budgets, "_QUICK", small)


@pytest.mark.slow
@pytest.mark.usefixtures("small_budget")
def test_from_nothing_data_are_collected_once_and_everyone_is_fitted_on_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    serial(monkeypatch)
    config = tiny(
        tmp_path / "run", models=f"mb,mb-de,{DEFAULT_METHOD}", oracles="model", fresh=True
    )
    plan = make_plan(config)
    kinds = [cell.kind for cell in plan.cells.values()]
    # A dataset, and MB's under nothing and under the fault; MB+DE has MB's weights.
    assert (kinds.count("train"), kinds.count("fit")) == (3, 2)
    assert evaluate(config, quiet()) == 0
    results = json.loads((config.out / "results.json").read_text())
    assert results["progress"]["done"] == results["progress"]["cells"]
    assert set(results["variants"]) == {"mb", "mb-de", DEFAULT_METHOD, OWN_ROUNDS, MODEL_ORACLE}
    assert not any((config.out / "work").iterdir())

    # The data of that run, given to another one: nothing is collected, the fits are new.
    data = tmp_path / "data" / "episodes"
    data.mkdir(parents=True)
    name = f"train-half-cheetah_{DEFAULT_METHOD}_dataset-*.npz"
    (dataset,) = (config.out / "cells").glob(name)
    (data / "000.npz").write_bytes(dataset.read_bytes())
    again = make_plan(dataclasses.replace(config, data=data.parent, oracles="none"))
    assert {cell.kind for cell in again.cells.values()} == {"fit", "episodes"}
