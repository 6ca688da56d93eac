"""How many threads torch uses."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["one_thread", "this_thread_alone"]


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


def this_thread_alone() -> None:
    """Torch on one thread in the Python thread that calls this; each must say so for itself.

    What `torch.set_num_threads` says in one thread does not reach OpenMP in another: the first
    batched products there use every core. On a core that was all it had, one of 0.03 ms took 8.
    """
    torch.set_num_threads(1)
