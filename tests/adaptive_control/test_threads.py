"""How many threads torch uses."""

from __future__ import annotations

import ctypes
import threading
from collections.abc import Callable

import pytest
import torch

from adaptive_control.threads import one_thread, this_thread_alone


def in_a_thread(work: Callable[[], object]) -> object:
    """What `work` returns in a thread of its own."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    thread.join()
    return found[0]


def openmp() -> ctypes.CDLL:
    """The OpenMP that torch brought."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "omp_get_max_threads"):
        pytest.skip("torch's OpenMP shows nothing of itself here")
    return library


def test_a_thread_that_says_so_is_alone() -> None:
    library = openmp()

    def work() -> tuple[int, int]:
        library.omp_set_num_threads(3)  # as on a machine of three cores
        before = library.omp_get_max_threads()
        this_thread_alone()
        return before, library.omp_get_max_threads()

    assert in_a_thread(work) == (3, 1)


def test_one_thread_gives_back_what_was() -> None:
    before = torch.get_num_threads()
    with one_thread():
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == before
