"""Each figure on cases whose answer is known by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adaptive_control.evaluation.metrics import (
    error_ratio,
    median_recovery,
    never_recovered,
    normalised_returns,
    recovery_steps,
)

numbers = st.floats(-100, 100)


def test_normalised_returns_divide_by_the_mean_of_the_oracle():
    assert normalised_returns([5.0, 20.0], [8.0, 12.0], steps=10) == pytest.approx([0.5, 2.0])


@pytest.mark.parametrize("oracle", [[], [-5.0, -6.0], [0.9, 1.0], [float("nan")]])
def test_a_oracle_that_earns_nothing_divides_nothing(oracle: list[float]):
    assert normalised_returns([5.0], oracle, steps=10) is None


@given(st.lists(st.floats(1, 100), min_size=1, max_size=12), st.floats(0.5, 4))
def test_the_oracle_itself_is_one_and_the_scale_does_not_matter(oracle, scale):
    values = normalised_returns(oracle, oracle, steps=1)
    assert values is not None
    assert values.mean() == pytest.approx(1.0)
    other = normalised_returns(np.multiply(oracle, scale), np.multiply(oracle, scale), steps=1)
    assert other == pytest.approx(values)


def speed(*pieces: tuple[int, float]) -> np.ndarray:
    return np.concatenate([np.full(count, value) for count, value in pieces])


@pytest.mark.parametrize(
    ("series", "expected"),
    [
        # dt 0.1 s: averages over 10 steps; the fault is at step 20 and the speed was 2 before.
        (speed((20, 2.0), (30, 1.9)), 0.0),  # never below 90 %
        (speed((20, 2.0), (7, 0.0), (30, 2.1)), 6.0),  # 1 zero of 10 leaves 1.89
        (speed((20, 2.0), (30, 1.0)), math.inf),
        (speed((20, 2.0), (7, 0.0), (30, 1.79)), math.inf),
        (speed((20, -1.0), (30, 1.0)), None),  # was not running forward
        (speed((20, 2.0), (9, 2.0)), None),  # less than a second left
    ],
)
def test_recovery_is_back_at_ninety_percent(series: np.ndarray, expected: float | None):
    assert recovery_steps(series, fault_step=20, dt=0.1) == expected


def test_there_is_nothing_to_recover_from_without_a_before():
    assert recovery_steps(np.ones(50), fault_step=0, dt=0.1) is None


@given(st.lists(st.floats(-3, 5), min_size=40, max_size=60), st.floats(1.0, 9.0))
def test_recovery_does_not_depend_on_the_unit_of_speed(series, scale):
    series = np.asarray(series) + 1e-3
    first = recovery_steps(series, 20, 0.1)
    assert first is None or first == math.inf or 0 <= first <= len(series) - 20 - 10
    power = 2.0 ** round(scale)  # exact, so that no comparison tips over
    assert recovery_steps(series * power, 20, 0.1) == first


def test_never_counts_as_infinitely_late():
    runs = [3.0, math.inf, 7.0, None]
    assert median_recovery(runs) == 7.0
    assert never_recovered(runs) == pytest.approx(1 / 3)
    assert median_recovery([1.0, math.inf]) == math.inf
    assert median_recovery([2.0, math.inf, math.inf]) == math.inf
    assert median_recovery([None]) is None
    assert never_recovered([]) is None


def test_error_ratio_sums_over_the_steps_ahead():
    assert error_ratio([1.0, 3.0], [1.0, 1.0]) == pytest.approx(0.5)
    assert error_ratio([0.0, 0.0], [1.0, 1.0]) is None
    assert error_ratio([], []) is None
