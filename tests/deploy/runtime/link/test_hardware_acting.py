"""What acted in a control period, against time lines drawn by hand."""

from __future__ import annotations

import numpy as np
import pytest

from deploy.runtime.link.hardware.acting import Acting

SAFE = np.array([0.0, 9.0])


def acting(*sent):
    kept = Acting(SAFE)
    for sequence, value, start, valid in sent:
        kept.send(sequence, np.array([value, value]), start, valid)
    return kept


@pytest.mark.parametrize(
    ("sent", "mean", "sequence"),
    [
        ([], [0.0, 9.0], -1),  # nobody commands
        ([(4, 1.0, 0, 1000)], [1.0, 1.0], 4),  # one, all the time
        ([(4, 1.0, 0, 1000), (5, 3.0, 160, 1000)], [1.8, 1.8], 4),  # 60 of 100, then another
        ([(4, 1.0, 0, 1000), (5, 3.0, 120, 1000)], [2.6, 2.6], 5),
        ([(4, 1.0, 0, 1000), (5, 3.0, 150, 1000)], [2.0, 2.0], 5),  # a tie: the newer
        ([(4, 1.0, 0, 130)], [0.3, 6.6], -1),  # it expired at 130
        ([(4, 1.0, 0, 1000), (5, 3.0, 50, 60)], [0.3, 8.4], -1),  # the old one does not come back
        ([(4, 1.0, 250, 1000)], [0.0, 9.0], -1),  # later
    ],
)
def test_the_mean_and_the_one_that_acted_longest(sent, mean, sequence):
    values, longest = acting(*sent).between(100, 200)
    np.testing.assert_allclose(values, mean, rtol=1e-6)
    assert values.dtype == np.float32
    assert longest == sequence


def test_what_was_sent_is_kept_as_it_was():
    kept = Acting(SAFE)
    values = np.array([1.0, 2.0])
    kept.send(0, values, 0, 1000)
    values[:] = 7.0
    np.testing.assert_array_equal(kept.between(0, 10)[0], [1.0, 2.0])
