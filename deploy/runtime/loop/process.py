"""The planner in a process of its own: whatever happens to it, the shield goes on."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy.errors import DeployError
from deploy.runtime.loop.exchange import FAILED, STARTING, Exchange
from deploy.runtime.loop.messages import PlannerTask, Shapes
from deploy.runtime.loop.record import PlanRecord

__all__ = ["PlannerProcess", "WorkerSpec"]

ONE_THREAD = tuple(f"{name}_NUM_THREADS" for name in ("OMP", "OPENBLAS", "MKL"))
"""Libraries that would start threads for small products, and fight the loop for the cores."""


@dataclass(frozen=True)
class WorkerSpec:
    """What the planner's process needs to know.

    Attributes:
        factory: `module:function`, called with `arguments`, returns the agent.
        arguments: keywords for it; must survive JSON.
        observation: S.
        action: A.
        horizon: H.
        seed: of the planner's noise.
        iterations: most iterations a plan; 0: the planner's own.
        priority: of the real-time scheduling class; 0: none.
        cores: to run on; empty: any.
        lock_memory: keep the process in memory.
    """

    factory: str
    arguments: Mapping[str, Any]
    observation: int
    action: int
    horizon: int
    seed: int = 0
    iterations: int = 0
    priority: int = 0
    cores: tuple[int, ...] = field(default=())
    lock_memory: bool = True


class PlannerProcess:
    """Starts the process and waits until it is ready to plan.

    Args:
        spec: what it needs to know.
        timeout_s: longest wait for it to be ready.

    Raises:
        DeployError: it is not ready in time, or says that it cannot be.
    """

    def __init__(self, spec: WorkerSpec, timeout_s: float = 60.0) -> None:
        shapes = Shapes(spec.observation, spec.action, spec.horizon)
        self._exchange = Exchange(shapes)
        descriptor = self._exchange.memory.descriptor
        environment = {**os.environ, **dict.fromkeys(ONE_THREAD, "1")}
        environment["PYTHONPATH"] = os.pathsep.join(path for path in sys.path if path)
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "deploy.runtime.loop.worker",
                json.dumps({**asdict(spec), "descriptor": descriptor, "parent": os.getpid()}),
            ],
            pass_fds=(descriptor,),
            stdin=subprocess.DEVNULL,
            env=environment,
            # Ctrl-C in the terminal is for the shield, which then ends the planner.
            start_new_session=True,
        )
        self._next = 0
        try:
            self._wait_until_ready(timeout_s)
        except BaseException:
            self.close()
            raise

    def _wait_until_ready(self, timeout_s: float) -> None:
        end = time.monotonic() + timeout_s
        while self._exchange.state == STARTING:
            if self._process.poll() is not None:
                raise DeployError(f"planner: {self.trouble()} before it was ready")
            if time.monotonic() > end:
                raise DeployError(f"planner: not ready after {timeout_s:g} s")
            time.sleep(0.01)
        if self._exchange.state == FAILED:
            raise DeployError(f"planner: {self._exchange.text}")
        self.report: list[dict[str, Any]] = json.loads(self._exchange.text or "[]")
        """What the operating system granted the process, from `hygiene.prepare`."""

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def post(self, task: PlannerTask) -> None:
        self._exchange.tasks.write(self._exchange.shapes.pack(task))

    def collect(self, tick: int) -> list[PlanRecord]:
        del tick  # real time decides when a plan is there
        plans = self._exchange.plans
        head = plans.head
        found = []
        for number in range(max(self._next, head - plans.slots + 1), head):
            record = plans.read(number)
            if record is not None:
                found.append(self._exchange.shapes.plan_of(record))
        self._next = head
        return found

    def trouble(self) -> str:
        status = self._process.poll()
        if self._exchange.state == FAILED:
            return f"failed: {self._exchange.text}"
        if status is None:
            return ""
        if status < 0:
            return f"ended by {_signal_name(-status)}"
        return f"ended with status {status}"

    def close(self) -> None:
        self._exchange.end()
        try:
            self._process.wait(1.0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._exchange.memory.close()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # a real-time signal, most of which have no name
        return f"signal {number}"
