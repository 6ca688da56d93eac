"""Interquartile means, intervals and tests, against hand-made cases and known properties."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adaptive_control.evaluation.statistics import (
    Estimate,
    apart,
    averaged,
    averaged_ratio,
    holm,
    interquartile_mean,
    paired_p_value,
    ratio,
    stratified,
)

runs = st.lists(st.floats(-10, 10), min_size=2, max_size=8)
p_values = st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8)


def test_the_interquartile_mean_is_the_mean_of_the_middle_half():
    assert interquartile_mean([1, 2, 3, 4, 5, 6, 7, 1000]) == pytest.approx(4.5)
    assert interquartile_mean([1, 5]) == pytest.approx(3)
    both = interquartile_mean([[1, 2, 3, 100], [0, 0, 8, 8]])
    assert both == pytest.approx([2.5, 4])


@settings(max_examples=25)
@given(st.lists(runs, min_size=1, max_size=3))
def test_the_value_lies_in_its_interval_and_among_the_runs(groups):
    found = stratified(groups)
    assert found is not None
    everything = np.concatenate(groups)
    assert found.count == len(everything)
    assert found.low is not None
    assert found.high is not None
    assert everything.min() - 1e-9 <= found.low <= found.high <= everything.max() + 1e-9
    assert found.value == pytest.approx(float(interquartile_mean(everything)))


def test_resampling_stays_within_each_condition():
    """Two conditions that differ a lot, alike within: nothing is uncertain."""
    found = stratified([[1.0, 1.0, 1.0, 1.0], [5.0, 5.0, 5.0, 5.0]])
    assert found is not None
    assert found.low == found.value == found.high == pytest.approx(3.0)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(100):
        found = stratified(rng.normal(1.0, 1.0, (2, 10)).tolist())
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 1.0 <= found.high
    assert 85 <= covered <= 100


def test_one_run_has_no_spread_and_none_is_none():
    found = stratified([[2.0], []])
    assert found is not None
    assert (found.low, found.value, found.high) == (None, 2.0, None)
    assert stratified([[], []]) is None
    # One condition with a single run is enough not to know.
    both = averaged([[1.0, 3.0, 3.0], [2.0]])
    assert both is not None
    assert both.low is None


def test_what_is_in_a_unit_is_trimmed_within_each_condition():
    """Pooled, the middle half would be of the slow condition and of none of the fast runs."""
    slow, fast = [1.0, 1.0, 1.0, 1.0, 1.0, 1.0], [9.0, 11.0]
    found, pooled = averaged([slow, fast]), stratified([slow, fast])
    assert found is not None
    assert pooled is not None
    assert found.value == pytest.approx(5.5)
    assert pooled.value == pytest.approx(1.0)
    assert found.low == pytest.approx(5.0)  # both draws of the fast one are 9
    assert found.high == pytest.approx(6.0)


def test_intervals_lie_apart_or_it_is_not_known():
    low, high, wide = (Estimate(*ends, 4) for ends in ((1, 0.5, 1.5), (3, 2, 4), (2, 1, 3)))
    alone = Estimate(9, None, None, 1)
    assert (apart(high, low), apart(low, high), apart(wide, low)) == (1, -1, 0)
    assert apart(alone, low) == apart(low, alone) == 0


def test_a_ratio_resamples_seeds_in_pairs():
    """Each run is twice its partner: the ratio is 2 in every resample."""
    reference = [1.0, 2.0, 4.0, 8.0, 3.0]
    found = ratio(np.multiply(2, reference).tolist(), reference)
    assert found is not None
    assert found.low == pytest.approx(2.0)
    assert found.high == pytest.approx(2.0)
    assert ratio([1.0], [1.0, 2.0]) is None
    assert ratio([1.0, 2.0], [-1.0, 0.0]) is None


def test_a_ratio_over_conditions_resamples_within_each():
    """Runs of a condition are alike, so no resample differs; drawn across, they would."""
    easy, hard = ([30.0] * 4, [10.0] * 4), ([2.0] * 4, [2.0] * 4)
    found = averaged_ratio([easy, hard, ([], [])])
    assert found is not None
    assert (found.value, found.low, found.high) == pytest.approx((32 / 12, 32 / 12, 32 / 12))
    assert found.count == 8
    assert averaged_ratio([easy, ([1.0], [])]) is None
    assert averaged_ratio([]) is None


def test_the_paired_test_finds_a_shift_that_pairs_alone_show():
    rng = np.random.default_rng(1)
    seeds = rng.normal(0, 10, 12)  # seeds differ far more than models
    p_value = paired_p_value(seeds + 0.5 + 0.1 * rng.normal(size=12), seeds)
    assert p_value is not None
    assert p_value == pytest.approx(2 / 2**12)  # all twelve differences have one sign
    assert paired_p_value(seeds, seeds) == 1.0
    assert paired_p_value([], []) is None


def test_holm_by_hand():
    assert holm([0.01, None, 0.04, 0.03]) == [pytest.approx(0.03), None, 0.06, 0.06]
    assert holm([0.9, 0.8]) == [1.0, 1.0]


@given(p_values)
def test_holm_only_raises_keeps_the_order_and_stays_a_probability(values):
    corrected = holm(values)
    pairs = [
        (p, q) for p, q in zip(values, corrected, strict=True) if p is not None and q is not None
    ]
    assert all(p <= q <= 1 for p, q in pairs)
    assert [q for _, q in sorted(pairs)] == sorted(q for _, q in pairs)
    assert [p is None for p in values] == [q is None for q in corrected]
