"""How many threads torch uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one thread: the latency of a robot's core, and sums in one order.

    The products of one robot are small, and threads wait for each other at every one of them:
    where another process had one of two cores, two threads took a second for a plan of 15 ms.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
