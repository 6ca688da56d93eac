"""Where cells run: processes of this machine, or a Ray cluster. The numbers are the same."""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.scheduler import Pool

__all__ = ["ProcessPool", "RayPool", "open_pool"]

_ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
"""Cells run side by side; two of them with two threads each on two cores are five times slower."""


@contextmanager
def open_pool(workers: int, ray: str) -> Iterator[Pool]:
    """The pool that was asked for, closed at the end.

    Args:
        workers: cells at a time; 0: one for each core.
        ray: address of a cluster, `local`, or "" for processes.

    Raises:
        AdaptiveControlError: Ray is not installed, or there is no such cluster.
    """
    pool = RayPool(ray, workers) if ray else ProcessPool(workers)
    try:
        yield pool
    finally:
        pool.close()


class ProcessPool:
    """Processes of this machine, one thread each."""

    def __init__(self, workers: int = 0):
        self.slots = workers or os.cpu_count() or 1
        before = {name: os.environ.get(name) for name in _ONE_THREAD}
        self._others = set(multiprocessing.active_children())
        os.environ.update(_ONE_THREAD)  # read when numpy and torch are loaded, in the new processes
        self._before = before
        self._pool = ProcessPoolExecutor(
            self.slots, multiprocessing.get_context("spawn"), _begin, (os.getpid(),)
        )

    def submit(
        self, kind: str, settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path
    ) -> Future[dict[str, bytes]]:
        return self._pool.submit(_run, kind, settings, inputs, folder)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
        for child in set(multiprocessing.active_children()) - self._others:
            child.terminate()
            child.join()
        for name, value in self._before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


class RayPool:
    """A Ray cluster.

    Machines of the cluster need the package installed, and no folder in common: inputs and results
    travel with the cells. Only on a cluster started here is a training run that was killed taken up
    where it was; elsewhere its cell begins again.
    """

    def __init__(self, address: str, workers: int = 0):
        try:
            import ray
        except ImportError as error:
            raise AdaptiveControlError(
                "ray: is not installed; pip install 'adaptive-control[ray]'"
            ) from error
        self._ray, self._local = ray, address == "local"
        quiet = {"log_to_driver": False, "logging_level": logging.ERROR}
        try:
            if self._local:
                ray.init(num_cpus=workers or os.cpu_count(), include_dashboard=False, **quiet)
            else:
                ray.init(address=address, **quiet)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise AdaptiveControlError(
                f"ray: no cluster at {address!r} ({' '.join(str(error).split())[:160]})"
            ) from error
        cores = int(ray.cluster_resources().get("CPU", 1))
        self.slots = min(cores, workers) if workers else cores
        self._run = ray.remote(num_cpus=1, max_retries=2)(_run)

    def submit(
        self, kind: str, settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path
    ) -> Future[dict[str, bytes]]:
        where = folder.resolve() if self._local else None
        return self._run.remote(kind, dict(settings), dict(inputs), where).future()

    def close(self) -> None:
        self._ray.shutdown()


def _run(
    kind: str, settings: Mapping[str, Any], inputs: Mapping[str, bytes], folder: Path | None
) -> dict[str, bytes]:
    # Imported where it runs: the process that only hands cells out needs no torch for it.
    from adaptive_control.evaluation.work import run_cell

    return run_cell(kind, settings, inputs, folder)


def _begin(parent: int) -> None:
    """In a new process: leave Ctrl-C to the parent, and do not outlive it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow, args=(parent,), daemon=True).start()


def _follow(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)
