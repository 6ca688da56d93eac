"""Where jobs run: in this process, in several, or on a Ray cluster - with the same results.

A job's result depends on the job alone, and results are handed over in the order in which the jobs
were given, so neither the number of workers nor their speed changes a study.
"""

from __future__ import annotations

import logging
import os
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any, Protocol

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training import LoadedModel, load_model
from adaptive_control.tune.evaluate import Job, Result, evaluate
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.store import Store
from robots import get_robot

__all__ = ["Pool", "open_pool", "run_jobs"]

Done = Callable[[int, Result], None]
"""Told the place of a job in the list and its result, as soon as it is there."""


class Pool(Protocol):
    """Runs jobs."""

    workers: int

    def run(self, jobs: Sequence[Job], done: Done) -> list[Result]:
        """Results of all jobs, in their order; `done` is told each as it comes."""
        ...


def run_jobs(
    jobs: Sequence[Job],
    purpose: str,
    store: Store,
    pool: Pool,
    watch: Callable[[int], None] = lambda count: None,
) -> list[Result]:
    """Results of all jobs, in their order; those already in the study's folder are not run again.

    Args:
        jobs: for that purpose, a setting determines the job.
        purpose: names the results in the folder.
        store: the study's folder; each result is there as soon as it is known.
        pool: runs what is missing.
        watch: told how many are done.
    """
    known: dict[Setting, Result] = {}
    missing: dict[Setting, Job] = {}
    for job in jobs:
        result = store.get(purpose, job.setting)
        if result is None:
            missing[job.setting] = job
        else:
            known[job.setting] = result
    settings = list(missing)
    left = len(missing)
    watch(len(jobs) - left)

    def done(place: int, result: Result) -> None:
        nonlocal left
        store.put(purpose, settings[place], result)
        left -= 1
        watch(len(jobs) - left)

    for setting, result in zip(settings, pool.run(list(missing.values()), done), strict=True):
        known[setting] = result
    return [known[job.setting] for job in jobs]


@contextmanager
def open_pool(
    model_file: Path, robot: str, method: str, workers: int, address: str | None
) -> Iterator[Pool]:
    """A pool, with the model loaded by each worker.

    Args:
        model_file: the study's model.
        robot: the robot's name.
        method: how the model adapts.
        workers: processes, or jobs at a time on a cluster; 0: one for each core, here at most 8.
        address: of a Ray cluster; `local` starts one; None: no Ray.

    Raises:
        AdaptiveControlError: Ray is asked for and not installed, or does not answer.
    """
    count = workers or min(8, os.cpu_count() or 1)
    if address is not None:
        most = count if address == "local" else workers
        with _ray_pool(model_file, robot, method, most, address) as pool:
            yield pool
    elif count == 1:
        yield _Here(load_model(model_file, robot=robot, method=method), robot)
    else:
        with _processes(model_file, robot, method, count) as pool:
            yield pool


class _Here:
    """All in this process."""

    workers = 1

    def __init__(self, model: LoadedModel, robot: str):
        self._model, self._robot = model, get_robot(robot)

    def run(self, jobs: Sequence[Job], done: Done) -> list[Result]:
        results = []
        for place, job in enumerate(jobs):
            results.append(evaluate(self._model, self._robot, job))
            done(place, results[-1])
        return results


class _Processes:
    def __init__(self, executor: ProcessPoolExecutor, workers: int):
        self._executor, self.workers = executor, workers

    def run(self, jobs: Sequence[Job], done: Done) -> list[Result]:
        places: dict[Future[Result], int] = {
            self._executor.submit(_work, jobs[place]): place for place in _longest_first(jobs)
        }
        results: dict[int, Result] = {}
        for future in as_completed(places):
            place = places[future]
            results[place] = future.result()
            done(place, results[place])
        return [results[place] for place in range(len(jobs))]


@contextmanager
def _processes(model_file: Path, robot: str, method: str, workers: int) -> Iterator[_Processes]:
    # Not forked: a copy of torch's threads and of the simulator's would not work.
    executor = ProcessPoolExecutor(
        workers, get_context("spawn"), initializer=_begin, initargs=(str(model_file), robot, method)
    )
    try:
        yield _Processes(executor, workers)
    except BrokenProcessPool:
        raise AdaptiveControlError(
            f"workers: one of {workers} processes died, perhaps for want of memory; go on with "
            "--resume and fewer --workers"
        ) from None
    except BaseException:
        for process in list((getattr(executor, "_processes", None) or {}).values()):
            process.terminate()
        executor.shutdown(wait=True, cancel_futures=True)
        raise
    executor.shutdown()


_model: LoadedModel | None = None
_robot = ""


def _begin(model_file: str, robot: str, method: str) -> None:
    """Set up a worker process."""
    global _model, _robot
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent to answer
    threading.Thread(target=_die_with_parent, daemon=True).start()
    _model, _robot = load_model(Path(model_file), robot=robot, method=method), robot


def _die_with_parent() -> None:
    """End this process when the one that started it has gone, however it went."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


def _work(job: Job) -> Result:
    assert _model is not None
    return evaluate(_model, get_robot(_robot), job)


def _longest_first(jobs: Sequence[Job]) -> list[int]:
    """Places of the jobs by their likely cost, so that no long one is left for the end."""
    return sorted(range(len(jobs)), key=lambda place: -_cost(jobs[place]))


def _cost(job: Job) -> int:
    planner = job.setting.parsed
    steps = planner.lookahead.model_steps(planner.candidates, planner.horizon)
    return steps * planner.iterations * len(job.scenarios) * job.steps


class _Ray:
    def __init__(self, ray: Any, model: Any, robot: str, method: str, workers: int):
        self._ray, self._model, self._robot, self._method = ray, model, robot, method
        self.workers = workers
        self._work = ray.remote(num_cpus=1)(_work_far)

    def run(self, jobs: Sequence[Job], done: Done) -> list[Result]:
        waiting = iter(_longest_first(jobs))
        running: dict[Any, int] = {}
        results: dict[int, Result] = {}
        while len(results) < len(jobs):
            for place in islice(waiting, self.workers - len(running)):
                job = (self._model, self._robot, self._method, jobs[place])
                running[self._work.remote(*job)] = place
            ready, _ = self._ray.wait(list(running))
            for reference in ready:
                place = running.pop(reference)
                results[place] = self._ray.get(reference)
                done(place, results[place])
        return [results[place] for place in range(len(jobs))]


@contextmanager
def _ray_pool(
    model_file: Path, robot: str, method: str, workers: int, address: str
) -> Iterator[_Ray]:
    try:
        import ray
    except ImportError:
        raise AdaptiveControlError(
            "ray: is not installed; pip install 'adaptive-control[ray]'"
        ) from None
    local = address == "local"
    options: dict[str, Any] = {"num_cpus": workers} if local else {}
    try:
        ray.init(
            address="local" if local else address, include_dashboard=False if local else None,
            log_to_driver=False, logging_level=logging.ERROR, **options,
        )  # fmt: skip
    except (ConnectionError, RuntimeError, ValueError) as error:
        words = " ".join(str(error).split())[:200]
        raise AdaptiveControlError(f"ray: {address!r} does not answer ({words})") from error
    try:
        cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
        most = min(cores, workers) if workers else cores
        yield _Ray(ray, ray.put(model_file.read_bytes()), robot, method, most)
    finally:
        ray.shutdown()


_far: dict[int, LoadedModel] = {}


def _work_far(model: bytes, robot: str, method: str, job: Job) -> Result:
    """A job on a machine that may not have the study's folder: the model comes along."""
    name = hash((model, robot, method))
    if name not in _far:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.safetensors"
            path.write_bytes(model)
            _far[name] = load_model(path, robot=robot, method=method)
    return evaluate(_far[name], get_robot(robot), job)
