"""What of a log is learned from: whole periods through which one command acted."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from deploy.runtime.log import McapLog, read_log, transitions_of
from deploy.runtime.loop.record import TickRecord
from tests.deploy.runtime.log.test_log import METADATA, TOPICS, row, tick


def seen(number: int, **changes) -> TickRecord:
    """A tick whose observation and applied action tell its number."""
    given = {"observation": row(number, -number), "applied": row(0.1 * number)}
    return tick(number, **(given | changes))


def numbers(records: list[TickRecord]) -> list[tuple[int, int]]:
    """From which observation each transition begins, and its segment."""
    found = transitions_of(records)
    for before, action, after in zip(
        found.observation, found.action, found.next_observation, strict=True
    ):
        assert np.array_equal(after, before + row(1, -1))
        assert np.allclose(action, 0.1 * after[:1])  # what was applied on the way there
    return [(int(o[0]), int(s)) for o, s in zip(found.observation, found.segment, strict=True)]


def test_each_tick_makes_a_transition_with_the_one_before():
    assert numbers([seen(n) for n in range(5)]) == [(0, 0), (1, 0), (2, 0), (3, 0)]


def test_what_the_loop_could_not_learn_from_breaks_the_segment():
    for changes in (
        {"transition": False},  # a held or unanswered command, an uneven period
        {"reset": True},
        {"usable": False, "transition": False},
        {"fresh": False, "transition": False, "usable": False},
    ):
        records = [seen(n, **(changes if n == 3 else {})) for n in range(7)]
        found = numbers(records)
        assert (2, 0) not in found
        assert [n for n, _ in found if n < 2] == [0, 1]
        usable = changes.get("usable", True)
        assert found[2:] == ([(3, 1), (4, 1), (5, 1)] if usable else [(4, 1), (5, 1)])


def test_a_tick_that_was_skipped_breaks_the_segment():
    assert numbers([seen(n) for n in (0, 1, 2, 4, 5, 6)]) == [(0, 0), (1, 0), (4, 1), (5, 1)]


def test_a_log_without_any_has_none():
    assert len(transitions_of([])) == 0
    assert len(transitions_of([seen(0), seen(1, transition=False)])) == 0


def test_a_log_says_which_fields_its_columns_are(tmp_path: Path):
    log = McapLog(tmp_path / "a.mcap", TOPICS, METADATA)
    for number in range(3):
        log.record(seen(number))
    log.close()
    found = read_log(tmp_path / "a.mcap")
    assert (found.observation, found.action) == (("x", "v"), ("motor",))
    assert numbers(list(found.records)) == [(0, 0), (1, 0)]
