"""The window against a plain deque for each robot."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers import PlannerError
from controllers.window import append, clear, empty_window, window_length

ROBOTS, S, A = 3, 2, 1
flags = st.lists(st.booleans(), min_size=ROBOTS, max_size=ROBOTS)
events = st.lists(st.tuples(st.sampled_from(["append", "clear"]), flags), max_size=20)


def transition(number):
    """A transition of each robot whose every number is its own."""
    base = 100.0 * number + np.arange(ROBOTS)[:, None] * 10
    return base + np.arange(S), base + 5 + np.arange(A), base + 7 + np.arange(S)


@settings(max_examples=60, deadline=None)
@given(events=events, length=st.integers(1, 5))
def test_window_is_a_deque_a_robot(events, length):
    window = empty_window(ROBOTS, length, S, A, np.zeros(1))
    queues = [deque(maxlen=length) for _ in range(ROBOTS)]
    for number, (kind, chosen) in enumerate(events, start=1):
        if kind == "clear":
            window = clear(window, np.array(chosen))
            for queue, flag in zip(queues, chosen, strict=True):
                if flag:
                    queue.clear()
            continue
        entry = transition(number)
        window = append(window, *entry, valid=np.array(chosen))
        for robot, flag in enumerate(chosen):
            if flag:
                queues[robot].append([part[robot] for part in entry])

    assert list(window_length(window)) == [len(queue) for queue in queues]
    for robot, queue in enumerate(queues):
        empty = length - len(queue)
        np.testing.assert_array_equal(window.mask[robot, :, 0], [0] * empty + [1] * len(queue))
        for part, slots in enumerate(window[:3]):
            np.testing.assert_array_equal(slots[robot, :empty], 0)
            for slot, entry in enumerate(queue, start=empty):
                np.testing.assert_array_equal(slots[robot, slot], entry[part])


def test_the_newest_transition_stands_last():
    window = empty_window(ROBOTS, 4, S, A, np.zeros(1))
    for number in range(1, 4):
        window = append(window, *transition(number))
    np.testing.assert_array_equal(window.observation[:, -1], transition(3)[0])
    np.testing.assert_array_equal(window.action[:, -1], transition(3)[1])
    np.testing.assert_array_equal(window.next_observation[:, 1], transition(1)[2])
    np.testing.assert_array_equal(window.mask[:, 0], 0)


@pytest.mark.parametrize("part", [0, 1, 2])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_what_is_not_finite_never_enters(part, bad):
    window = append(empty_window(ROBOTS, 4, S, A, np.zeros(1)), *transition(1))
    entry = [piece.copy() for piece in transition(2)]
    entry[part][1, 0] = bad
    after = append(window, *entry)
    np.testing.assert_array_equal(window_length(after), [2, 1, 2])
    assert all(np.all(np.isfinite(slots)) for slots in after)


def test_appending_leaves_the_given_window_alone():
    window = empty_window(ROBOTS, 4, S, A, np.zeros(1))
    append(window, *transition(1))
    assert not np.any(window.mask)


def test_torch_windows_are_torch():
    window = empty_window(ROBOTS, 4, S, A, torch.zeros(1))
    window = append(window, *(torch.tensor(part, dtype=torch.float32) for part in transition(1)))
    assert all(isinstance(slots, torch.Tensor) for slots in window)
    assert all(slots.dtype == torch.float32 for slots in window)
    np.testing.assert_array_equal(window.observation[:, -1], transition(1)[0])


def test_a_window_has_room_for_something():
    with pytest.raises(PlannerError, match="window: 0 is not allowed; allowed: integers from 1"):
        empty_window(1, 0, S, A, np.zeros(1))
