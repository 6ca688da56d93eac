"""The figures of the demo, on runs whose figures are known."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptive_control.demo.metrics import bootstrap_interval, recovery_time, twin_metrics
from adaptive_control.demo.report import metrics_table
from adaptive_control.episodes import Recording
from adaptive_control.evaluation.metrics import recovery_steps
from adaptive_control.files import write_json

DT = 0.05
STEPS = 200
FAULT = 100


def speeds(before: float, after: float, steps: int = STEPS) -> np.ndarray:
    return np.where(np.arange(steps) < FAULT, before, after)


def recording(speed: np.ndarray, **changes: Any) -> Recording:
    """A run with `speed` `[T]` or `[T, B]`, whose reward is the distance."""
    speed = speed.reshape(len(speed), -1)
    steps, robots = speed.shape
    values: dict[str, Any] = {
        "model": "grbal",
        "agent": {},
        "dt": DT,
        "seeds": tuple(range(robots)),
        "actions": np.zeros((steps, robots, 6), np.float32),
        "observation": np.zeros((steps + 1, robots, 18), np.float32),
        "position": np.concatenate([np.zeros((1, robots)), np.cumsum(speed * DT, axis=0)]),
        "reward": speed * DT,
        "fallen": np.zeros((steps, robots), bool),
        "error_before": np.full((steps, robots), 2.0),
        "error_after": np.full((steps, robots), 1.0),
        "gate_open": np.ones((steps, robots), bool),
        "plan_s": np.full(steps, 0.010),
        "adapt_s": np.full(steps, 0.002),
    }
    return Recording(**(values | changes))


def test_figures_before_and_after_the_fault() -> None:
    errors = np.where(np.arange(STEPS) < FAULT, 100.0, 3.0)[:, None]
    errors[0] = np.nan
    metrics = twin_metrics(recording(speeds(2.0, 0.5), error_before=errors), FAULT)
    assert metrics["return"] == pytest.approx(12.5)
    assert metrics["return_before_fault"] == pytest.approx(10.0)
    assert metrics["return_after_fault"] == pytest.approx(2.5)
    assert metrics["mean_speed_before_fault"] == pytest.approx(2.0)
    assert metrics["mean_speed_after_fault"] == pytest.approx(0.5)
    assert metrics["recovery_s"] is None
    assert metrics["model_error"] == {
        "before_adaptation": pytest.approx(3.0),
        "after_adaptation": pytest.approx(1.0),
    }
    assert "per_seed" not in metrics


def test_speed_after_the_fault_is_taken_over_five_seconds() -> None:
    speed = np.concatenate([speeds(2.0, 1.0), np.full(100, 9.0)])
    assert twin_metrics(recording(speed), FAULT)["mean_speed_after_fault"] == pytest.approx(1.0)
    left = twin_metrics(recording(speed[: FAULT + 20]), FAULT)
    assert left["mean_speed_after_fault"] == pytest.approx(1.0)


def test_without_a_fault_there_is_no_after() -> None:
    metrics = twin_metrics(recording(np.full(STEPS, 2.0)), None)
    assert metrics["return_before_fault"] == metrics["return"]
    assert metrics["mean_speed_before_fault"] == pytest.approx(2.0)
    assert metrics["return_after_fault"] is None
    assert metrics["mean_speed_after_fault"] is None
    assert metrics["recovery_s"] is None
    assert metrics["model_error"]["before_adaptation"] == pytest.approx(2.0)


def test_with_a_fault_from_the_start_there_is_no_before() -> None:
    metrics = twin_metrics(recording(np.full(STEPS, 2.0)), 0)
    assert metrics["return_before_fault"] is None
    assert metrics["mean_speed_before_fault"] is None
    assert metrics["recovery_s"] is None
    assert metrics["mean_speed_after_fault"] == pytest.approx(2.0)


def test_recovery_is_when_the_average_is_back() -> None:
    speed = speeds(2.0, 0.0)
    speed[160:] = 2.0
    # The second that begins at step k averages 90 % of 2 m/s once 18 of its 20 steps run at 2.
    assert recovery_time(speed, DT, FAULT) == pytest.approx((158 - FAULT) * DT)


def test_a_late_collapse_is_not_a_recovery_at_zero() -> None:
    speed = speeds(2.0, 2.0)
    speed[140:] = 0.0
    assert recovery_time(speed, DT, FAULT) == math.inf


@pytest.mark.parametrize(
    ("speed", "expected"),
    [
        (speeds(2.0, 1.9), 0.0),
        (speeds(2.0, 1.0), math.inf),
        (speeds(-1.0, 2.0), None),
        (speeds(2.0, np.nan), math.inf),
        (speeds(2.0, 2.0, steps=FAULT + 10), None),
    ],
    ids=["never dropped", "never back", "was not running", "blew up", "too little left"],
)
def test_recovery_at_the_edges(speed: np.ndarray, expected: float | None) -> None:
    assert recovery_time(speed, DT, FAULT) == expected


@given(st.lists(st.floats(-1, 3), min_size=1, max_size=60), st.integers(0, 60))
def test_evaluations_count_the_same_recovery_in_steps(values: list[float], fault: int) -> None:
    # Two functions, as neither package may import the other; what they say must be one thing.
    speed = np.array(values)
    steps = recovery_steps(speed, fault, 0.1)
    expected = None if steps is None else pytest.approx(steps * 0.1)
    assert recovery_time(speed, 0.1, fault) == expected


def test_percentiles_leave_out_the_warm_up() -> None:
    plan = np.full(STEPS, 0.010)
    plan[0] = 5.0
    metrics = twin_metrics(recording(speeds(1.0, 1.0), plan_s=plan), FAULT)
    assert metrics["plan_ms"] == {"p50": pytest.approx(10.0), "p99": pytest.approx(10.0)}
    assert metrics["adapt_ms"] == {"p50": pytest.approx(2.0)}


def test_a_robot_that_blows_up_has_no_figures_and_does_no_harm() -> None:
    speed = speeds(2.0, 2.0)
    speed[150:] = np.nan
    metrics = twin_metrics(recording(speed, error_before=np.full((STEPS, 1), np.nan)), FAULT)
    assert metrics["return"] is None
    assert metrics["return_before_fault"] == pytest.approx(10.0)
    assert metrics["mean_speed_after_fault"] is None
    assert metrics["model_error"]["before_adaptation"] is None


def test_seeds_get_means_and_intervals() -> None:
    speed = np.stack([speeds(2.0, after) for after in (0.4, 0.5, 0.6, 2.0)], axis=1)
    metrics = twin_metrics(recording(speed), FAULT)
    assert metrics["per_seed"]["mean_speed_after_fault"] == pytest.approx([0.4, 0.5, 0.6, 2.0])
    assert metrics["mean_speed_after_fault"] == pytest.approx(0.875)
    low, high = metrics["interval_95"]["mean_speed_after_fault"]
    assert 0.4 < low < 0.875 < high < 2.0
    assert metrics["interval_95"]["model_error"]["before_adaptation"] == [2.0, 2.0]
    assert metrics["recovered"] == 1
    assert metrics["recovery_s"] is None, "half or more never recover, so the median does not"


def test_recovery_over_seeds_counts_never_as_late() -> None:
    speed = np.stack([speeds(2.0, after) for after in (2.0, 2.0, 0.1)], axis=1)
    metrics = twin_metrics(recording(speed), FAULT)
    assert (metrics["recovered"], metrics["recovered_of"]) == (2, 3)
    assert metrics["recovery_s"] == 0.0
    assert metrics["per_seed"]["recovery_s"] == [0.0, 0.0, None]
    assert metrics["per_seed"]["recovered"] == [True, True, False]


def shown(tmp_path: Path, speed: np.ndarray, fault: int | None = FAULT) -> dict[str, str]:
    """The table's cells by their words, from the metrics as they are written and read back."""
    twin = twin_metrics(recording(speed), fault)
    seeds = speed.reshape(len(speed), -1).shape[1]
    settings = {"seeds": seeds, "seed": 0, "robot": "half-cheetah", "perturb": "mass:1.01"}
    write_json(tmp_path / "metrics.json", {"twins": {"mb": twin}, "settings": settings})
    table = metrics_table(json.loads((tmp_path / "metrics.json").read_text()))
    words, figures = (table.columns[column].cells for column in (0, 2))
    return dict(zip(map(str, words), map(str, figures), strict=True))


def test_never_is_said_only_where_it_can_be_said(tmp_path: Path) -> None:
    late = FAULT + 10  # half a second after the fault
    assert shown(tmp_path, speeds(2.0, 1.0))["recovery time"] == "never"
    assert shown(tmp_path, speeds(2.0, 1.0, steps=late))["recovery time"] == "-"
    assert shown(tmp_path, speeds(-1.0, 2.0))["recovery time"] == "-"
    assert shown(tmp_path, speeds(2.0, 2.0), fault=None)["recovery time"] == "-"
    assert shown(tmp_path, speeds(2.0, 1.9))["recovery time"] == "0.00"

    three = np.stack([speeds(2.0, after, steps=late) for after in (0.1, 1.0, 2.0)], axis=1)
    cells = shown(tmp_path, three)
    assert (cells["recovery time"], cells["recovered"]) == ("-", "-")


def test_only_runs_of_which_it_can_be_said_count(tmp_path: Path) -> None:
    pairs = ((2.0, 2.0), (2.0, 0.1), (-1.0, 2.0))  # the third was not running
    speed = np.stack([speeds(*pair) for pair in pairs], axis=1)
    metrics = twin_metrics(recording(speed), FAULT)
    assert (metrics["recovered"], metrics["recovered_of"]) == (1, 2)
    assert metrics["per_seed"]["recovered"] == [True, False, None]
    assert shown(tmp_path, speed)["recovered"] == "1/2"
    two = twin_metrics(recording(speed[:, ::2]), FAULT)
    assert two["recovery_s"] == 0.0


@pytest.mark.parametrize("values", [[], [1.0], [1.0, None], [None, None]])
def test_no_interval_where_figures_are_missing(values: list[float | None]) -> None:
    assert bootstrap_interval(values) is None


@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_intervals_hold_the_mean(count: int) -> None:
    values = [float(v) for v in np.random.default_rng(count).normal(size=count)]
    interval = bootstrap_interval(values)
    assert interval is not None
    assert interval[0] < np.mean(values) < interval[1]
