"""Which messages end a control period, whatever the rate, the jitter and the drift."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.runtime.link.hardware.periods import PeriodGrid, Tick

DT = 20_000_000
MS = 1_000_000


def ticks(stamps):
    grid = PeriodGrid(DT)
    taken = []
    for stamp in stamps:
        due = grid.due(stamp)
        tick = grid.take(stamp)
        assert due == (tick is not None) or not taken, "due tells what take will do"
        if tick is not None:
            taken.append((stamp, tick))
    return taken


def test_of_ten_messages_a_period_one_ends_it():
    taken = ticks(range(5 * MS, 5 * MS + 100 * DT, 2 * MS))
    assert len(taken) == 100
    assert [tick.sequence for _, tick in taken] == list(range(100))
    gaps = np.diff([stamp for stamp, _ in taken])
    assert np.all(np.abs(gaps[10:] - DT) <= 2 * MS)


@settings(max_examples=40)
@given(
    rate=st.sampled_from([0.1, 0.25, 0.5, 1.0]),
    drift=st.floats(-1e-3, 1e-3),
    jitter=st.floats(0.0, 0.1),
    seed=st.integers(0, 99),
)
def test_neither_jitter_nor_drift_loses_or_doubles_a_period(rate, drift, jitter, seed):
    step = rate * DT * (1 + drift)
    count = round(600 / rate)
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, count) * jitter * step
    stamps = (10**9 + np.arange(count) * step + noise).astype(int).tolist()
    taken = ticks(stamps)[50:]
    assert [tick.elapsed for _, tick in taken] == [1] * len(taken)
    # No more uneven than the messages themselves are apart.
    gaps = np.diff([stamp for stamp, _ in taken]) / DT
    assert np.all(np.abs(gaps - 1) <= (rate if rate < 1 else 0) + 2 * jitter * rate + 1e-3)


def test_lost_periods_are_counted():
    grid = PeriodGrid(DT)
    sequences = []
    for period in (0, 1, 2, 7, 8):
        tick = grid.take(1 + period * DT)
        assert tick is not None
        sequences.append((tick.sequence, tick.elapsed))
    assert sequences == [(0, 0), (1, 1), (2, 1), (7, 5), (8, 1)]


@pytest.mark.parametrize("stamp", [10 * DT, 10 * DT - 1, 10 * DT - 900 * MS])
def test_what_is_not_newer_is_late(stamp):
    grid = PeriodGrid(DT)
    grid.take(10 * DT)
    assert grid.late(stamp)
    assert not grid.due(stamp)
    assert grid.take(stamp) is None


def test_a_clock_that_falls_far_back_began_anew():
    grid = PeriodGrid(DT)
    for period in range(100):
        grid.take(10**10 + period * DT)
    assert grid.due(5 * MS)
    assert grid.take(5 * MS) == Tick(0, 0, True)
    assert grid.take(5 * MS + DT) == Tick(1, 1, False)
