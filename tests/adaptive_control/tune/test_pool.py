"""How much of a Ray cluster is used; of a stand-in for one."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from adaptive_control.tune.evaluate import Job, Result
from adaptive_control.tune.pool import open_pool
from adaptive_control.tune.setting import Scenario, Setting

CORES = 64


class Cluster(ModuleType):
    """Ray, as far as it is used; a job is done when it is waited for."""

    def __init__(self) -> None:
        super().__init__("ray")
        self.begun, self.at_once = 0, 0

    def init(self, **options: Any) -> None:
        self.options = options

    def shutdown(self) -> None:
        pass

    def put(self, value: bytes) -> bytes:
        return value

    def cluster_resources(self) -> dict[str, float]:
        return {"CPU": float(self.options.get("num_cpus", CORES))}

    def remote(self, **_: object) -> Any:
        class Far:
            @staticmethod
            def remote(model: bytes, robot: str, method: str, job: Job) -> tuple[int, Job]:
                self.begun += 1
                return self.begun, job

        return lambda _: Far

    def wait(self, references: list[Any]) -> tuple[list[Any], list[Any]]:
        self.at_once = max(self.at_once, len(references))
        return references[-1:], references[:-1]

    def get(self, reference: tuple[int, Job]) -> Result:
        return result(reference[1])


def result(job: Job) -> Result:
    return Result((float(job.steps),), (0.0,), True, 0.0)


@pytest.fixture
def cluster(monkeypatch: pytest.MonkeyPatch) -> Cluster:
    ray = Cluster()
    monkeypatch.setitem(sys.modules, "ray", ray)
    return ray


@pytest.mark.parametrize(
    ("workers", "address", "expected"),
    [(2, "10.0.0.1:6379", 2), (0, "10.0.0.1:6379", CORES), (100, "auto", CORES), (3, "local", 3)],
)
def test_a_cluster_is_used_as_far_as_workers_say(
    cluster: Cluster, tmp_path: Path, workers: int, address: str, expected: int
) -> None:
    model = tmp_path / "model.safetensors"
    model.write_bytes(b"")
    jobs = [
        Job(Setting("cem", 16), (Scenario("none", 0),), steps, 1, ()) for steps in range(1, 201)
    ]
    told: list[int] = []
    with open_pool(model, "half-cheetah", "mb", workers, address) as pool:
        assert pool.workers == expected
        results = pool.run(jobs, lambda place, _: told.append(place))
        assert pool.run([], lambda *_: None) == []
    assert cluster.at_once == expected
    assert results == [result(job) for job in jobs]
    assert sorted(told) == list(range(200))
