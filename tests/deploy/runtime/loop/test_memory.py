"""Shared memory: the newest records, whole or not at all."""

from __future__ import annotations

import os
import threading
from dataclasses import fields

import numpy as np

from deploy.runtime.loop.memory import Ring, Shared
from deploy.runtime.loop.messages import PlannerTask, Shapes
from deploy.runtime.loop.record import PlanRecord
from tests.deploy.runtime.loop.fakes import A, H, S

DATA = np.dtype([("number", np.int64), ("odd", np.uint8), ("rest", np.float64, (200,))], align=True)


def both_ends(slots: int = 4) -> tuple[Ring, Ring]:
    memory = Shared(Ring.size(DATA, slots))
    other = Shared(0, os.dup(memory.descriptor))
    return Ring(memory, 0, DATA, slots), Ring(other, 0, DATA, slots)


def record(number: int) -> np.ndarray:
    made = np.zeros((), DATA)
    made["number"], made["odd"], made["rest"] = number, number % 2, number
    return made


def test_a_ring_keeps_the_newest() -> None:
    writer, reader = both_ends()
    assert reader.read(0) is None
    for number in range(10):
        writer.write(record(number))
    assert reader.head == 10
    assert [reader.read(n) is not None for n in range(10)] == [False] * 6 + [True] * 4
    newest = reader.read(9)
    assert newest is not None
    assert newest["number"] == 9
    assert (newest["rest"] == 9).all()


def test_a_record_half_written_is_not_read() -> None:
    writer, reader = both_ends()
    writer.write(record(0))
    slot = writer._slots[0]
    slot["count"] = 1
    assert reader.read(0) is None
    slot["count"] = 2
    assert reader.read(0) is not None
    slot["data"][8] ^= 1  # as if stores had become visible in another order
    assert reader.read(0) is None


def test_no_torn_record_is_ever_believed() -> None:
    writer, reader = both_ends(slots=2)
    done = threading.Event()

    def write() -> None:
        for number in range(20_000):
            writer.write(record(number))
        done.set()

    thread = threading.Thread(target=write)
    thread.start()
    whole = 0
    while not done.is_set():
        found = reader.read(reader.head - 1) if reader.head else None
        if found is not None:
            whole += 1
            assert (found["rest"] == found["number"]).all()
    thread.join()
    assert whole > 0


def test_messages_survive_the_memory() -> None:
    shapes = Shapes(S, A, H)
    task = PlannerTask(
        1, 2, 3, 4, 5, 6, True, False,
        np.arange(S, dtype=np.float32), np.ones(A, np.float32), np.ones((3, A), np.float32),
    )  # fmt: skip
    plan = PlanRecord(
        1, 2, 3, 4, 5, 6, np.ones((H, A), np.float32), np.zeros((0, A), np.float32), 7,
        gate_open=True, step_norm=0.5,
    )  # fmt: skip
    for message, back in (
        (task, shapes.task_of(shapes.pack(task))),
        (plan, shapes.plan_of(shapes.pack(plan))),
    ):
        for field in fields(message):
            np.testing.assert_array_equal(getattr(back, field.name), getattr(message, field.name))
