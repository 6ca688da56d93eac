"""Times and misses: counted, listed, and explained."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from deploy.runtime.loop.accounts import Accounts
from deploy.runtime.loop.record import Mode
from deploy.runtime.loop.settings import LoopSettings
from deploy.runtime.loop.statistics import Miss, Misses, Times
from tests.deploy.runtime.log import test_log as log
from tests.deploy.runtime.loop.fakes import Voice, limits, rig


def test_percentiles_are_right_within_their_bins() -> None:
    values = np.random.default_rng(0).lognormal(-6, 1, 5000)
    times = Times()
    for value in values:
        times.add(float(value))
    summary = times.summary()
    for name, part in (("p50", 50), ("p95", 95), ("p99", 99)):
        exact = 1e3 * np.percentile(values, part, method="inverted_cdf")
        assert exact <= summary[name] <= 1.006 * exact
    assert summary["max"] == 1e3 * values.max()
    assert np.isnan(Times().percentile(0.5))


def test_times_beyond_the_bins() -> None:
    times = Times()
    for value in (0.0, -1.0, 1e-9, 1e9):
        times.add(value)
    assert times.summary()["max"] == 1e12
    assert times.percentile(0.5) <= 1e-7


def test_all_misses_are_counted_and_some_are_listed() -> None:
    misses = Misses()
    for tick in range(1500):
        misses.add(Miss(tick, "planner", "slow"))
    misses.explain(3, "busy")
    misses.explain(1200, "not listed")
    summary = misses.summary()
    assert summary["planner"] == 1500
    assert len(summary["list"]) == 1000
    assert summary["list"][3]["cause"] == "busy"


def test_warm_up_is_counted_apart_and_nothing_is_left_out() -> None:
    made = rig(ticks=60, person=Voice({}), warmup_ticks=30)
    made.run()
    assert made.accounts._times._stages["tick"].count == 61 - 30
    assert made.accounts._warm_up._stages["tick"].count == 30
    first = made.accounts.summary()["warm_up"]
    assert first["ticks"] == 30
    assert set(first["stages_ms"]) == set(made.accounts.summary()["stages_ms"])


def test_accounts_of_an_empty_run() -> None:
    summary = Accounts(limits(), LoopSettings()).summary()
    assert summary["ticks"] == 0
    assert summary["return"] == 0
    assert replace(LoopSettings(), lead=1).lead == 1


def test_a_late_plan_explains_the_planners_miss_and_not_the_shields() -> None:
    accounts = Accounts(limits(), LoopSettings())
    late = {"due_ns": 0, "started_ns": 1, "stages": {"wake": 0.0, "write": 0.9}, "plans": ()}
    held = {"mode": Mode.HOLD, "reason": "plan: 2 control periods old", "plan_age": 2}
    accounts.take(log.tick(5, written_ns=10**9, plan_row=1, **late, **held))
    plan = log.plan(observation_sequence=5, late_s=0.1, plan_s=0.2, cpu_s=0.2)
    accounts.take(log.tick(6, plans=(plan,), stages={"wake": 0.0, "read": 0.0}))
    causes = {miss["who"]: miss["cause"] for miss in accounts.summary()["misses"]["list"]}
    assert causes["shield"] == "spent 900.0 ms in write"
    assert causes["planner"].startswith("100.0 ms late after 200.0 ms")
