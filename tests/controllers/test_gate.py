"""The gate opens for adaptation that predicts better, and for that robot only."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from controllers import GateConfig, PlannerError
from controllers.arrays import finite_rows
from controllers.fields import checked_fields
from controllers.gate import (
    gate_open,
    reset_gate,
    select_context,
    start_gate,
    update_gate,
)

CONFIG = GateConfig(time_constant=5.0, min_transitions=2)


def errors(*values):
    return np.array(values, dtype=float)


def feed(state, prior, adapted, steps, config=CONFIG, valid=None):
    for _ in range(steps):
        state = update_gate(config, state, errors(*prior), errors(*adapted), valid)
    return state


def is_open(state, config=CONFIG, finite=None):
    finite = np.ones(state.count.shape, dtype=bool) if finite is None else np.array(finite)
    return list(gate_open(config, state, finite))


def test_it_opens_for_the_robot_that_adaptation_helps():
    state = start_gate(2, np.zeros(1))
    assert is_open(state) == [False, False]
    state = feed(state, (1, 1), (0.5, 2), steps=1)
    assert is_open(state) == [False, False], "one transition is not enough"
    state = feed(state, (1, 1), (0.5, 2), steps=1)
    assert is_open(state) == [True, False]


def test_it_closes_when_adaptation_gets_worse_and_opens_again():
    state = feed(start_gate(1, np.zeros(1)), (1,), (0.5,), steps=20)
    assert is_open(state) == [True]
    state = feed(state, (1,), (3,), steps=1)
    assert is_open(state) == [True], "one bad step within the average"
    state = feed(state, (1,), (3,), steps=3)
    assert is_open(state) == [False]
    state = feed(state, (1,), (0.5,), steps=15)
    assert is_open(state) == [True]


def test_errors_are_averaged_evenly_first_and_exponentially_later():
    state = start_gate(1, np.zeros(1))
    for error in (1.0, 2.0, 6.0):
        state = feed(state, (error,), (0.0,), steps=1)
    assert state.prior_error[0] == pytest.approx(3.0)
    state = feed(state, (3.0,), (0.0,), steps=10)
    state = feed(state, (8.0,), (0.0,), steps=1)
    assert state.prior_error[0] == pytest.approx(3.0 + (8.0 - 3.0) / CONFIG.time_constant)


@pytest.mark.parametrize("bad", [np.nan, np.inf, 1e30])
def test_a_prediction_that_is_not_finite_closes_it_but_is_forgotten(bad):
    state = feed(start_gate(2, np.zeros(1)), (1, 1), (0.1, 0.1), steps=20)
    state = feed(state, (1, 1), (bad, 0.1), steps=1)
    assert is_open(state) == [False, True]
    assert np.all(np.isfinite(state.adapted_error))
    state = feed(state, (1, 1), (0.1, 0.1), steps=30)
    assert is_open(state) == [True, True]


@pytest.mark.parametrize("make", [np.array, torch.tensor])
@pytest.mark.parametrize("bad", [float("nan"), 1e9])
def test_two_errors_at_the_limit_are_no_tie(make, bad):
    """A prior as bad as errors count at most does not make any adapted context good enough."""
    state = start_gate(2, make([0.0]))
    for _ in range(12):
        state = update_gate(CONFIG, state, make([101.0, 101.0]), make([bad, 99.0]))
    assert gate_open(CONFIG, state, make([True, True])).tolist() == [False, True]


def test_an_error_that_grew_to_the_limit_counts_as_there():
    """Averages come near the limit, but rounding may never let them arrive."""
    state = feed(start_gate(1, np.zeros(1)), (101,), (50,), steps=5)
    state = feed(state, (101,), (np.nan,), steps=500)
    assert is_open(state) == [False]


def test_a_context_that_is_not_finite_is_never_used():
    state = feed(start_gate(2, np.zeros(1)), (1, 1), (0.1, 0.1), steps=20)
    assert is_open(state, finite=[False, True]) == [False, True]
    always = GateConfig(mode="open")
    assert is_open(state, always, finite=[False, True]) == [False, True]


def test_modes():
    state = start_gate(1, np.zeros(1))
    assert is_open(state, GateConfig(mode="open")) == [True]
    better = feed(state, (1,), (0.1,), steps=20)
    assert is_open(better, GateConfig(mode="closed")) == [False]


def test_margin():
    state = feed(start_gate(1, np.zeros(1)), (1,), (1.1,), steps=20)
    assert is_open(state) == [False]
    assert is_open(state, GateConfig(margin=1.2)) == [True]
    assert is_open(state, GateConfig(margin=1.05)) == [False]


def test_transitions_that_do_not_count_and_reset_touch_one_robot():
    state = feed(start_gate(2, np.zeros(1)), (1, 1), (0.5, 0.5), steps=3)
    after = feed(state, (9, 9), (9, 9), steps=1, valid=np.array([True, False]))
    assert after.count.tolist() == [4, 3]
    assert after.prior_error[1] == state.prior_error[1]
    cleared = reset_gate(state, np.array([False, True]))
    assert cleared.count.tolist() == [3, 0]
    assert is_open(cleared) == [True, False]


@pytest.mark.parametrize("make", [np.array, torch.tensor])
def test_the_context_is_chosen_robot_by_robot(make):
    adapted = (make([[1.0, float("nan")], [3.0, 4.0]]), make([[[5.0]], [[6.0]]]))
    prior = (make([[10.0, 20.0], [30.0, 40.0]]), make([[[50.0]], [[60.0]]]))
    finite = finite_rows(*adapted)
    assert finite.tolist() == [False, True]
    first, second = select_context(finite, adapted, prior)
    assert first.tolist() == [[10, 20], [3, 4]]
    assert second.tolist() == [[[50]], [[6]]]
    assert select_context(finite, (), ()) == ()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"time_constant": 0.0}, "gate.time_constant: 0.0 is not allowed; allowed: 1 to 1e6"),
        ({"time_constant": float("nan")}, "gate.time_constant: nan is not allowed"),
        ({"margin": 0.0}, "gate.margin: 0.0 is not allowed; allowed: above 0 to 1e6"),
        ({"min_transitions": 0}, "gate.min_transitions: 0 is not allowed"),
        ({"error_limit": float("inf")}, "gate.error_limit: inf is not allowed"),
    ],
)
def test_bad_settings(changes, message):
    with pytest.raises(PlannerError, match=message):
        GateConfig(**changes)


def test_unknown_mode():
    with pytest.raises(PlannerError, match="mode: 'ajar' is not allowed; allowed: auto, open"):
        checked_fields(GateConfig, {"mode": "ajar"})
