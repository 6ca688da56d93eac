"""Runs a log again: the same observations through the same bundle must give the same plans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from controllers import load_planner
from deploy.errors import DeployError
from deploy.runtime.bundle import load_bundle
from deploy.runtime.log import Log, read_log
from deploy.runtime.log.metadata import fingerprint
from deploy.runtime.loop.again import plan_again
from deploy.runtime.loop.clock import VirtualClock
from deploy.runtime.loop.planner import PlannerCore
from deploy.runtime.loop.record import TickRecord

__all__ = ["TOLERANCE", "Replayed", "replay"]

TOLERANCE = 1e-5
"""Largest difference of an action that another machine's rounding may make."""


@dataclass(frozen=True, eq=False)
class Replayed:
    """A log and what its bundle makes of it today.

    Attributes:
        log: as it was read.
        left_out: ticks at its beginning that go on from what it does not hold.
        plans: plans made again.
        missing: plans of the run that the log does not hold; from the first of them on, plans may
            differ, since each begins with the one before it.
        difference: `[plans]`, largest difference of any action of each plan.
        tick: `[plans]`, number of the plan, for messages.
    """

    log: Log
    left_out: int
    plans: int
    missing: int
    difference: np.ndarray
    tick: np.ndarray

    @property
    def largest(self) -> float:
        """Largest difference of all."""
        return float(self.difference.max(initial=0.0))

    @property
    def same(self) -> bool:
        """Whether all plans are the recorded ones, up to rounding."""
        return bool(self.largest <= TOLERANCE)


def replay(path: Path, bundle: Path, partial: bool = False) -> Replayed:
    """Plan a recorded run once more.

    Args:
        path: the log.
        bundle: the bundle that ran.
        partial: take what can be read of a log that breaks off.

    Raises:
        DeployError: log or bundle cannot be read, the log is another bundle's, or it holds no part
            of the run that can be replayed.
    """
    log = read_log(path, partial)
    loaded = load_bundle(bundle)
    if log.metadata.get("bundle") != fingerprint(bundle):
        raise DeployError(
            f"bundle: {bundle} is not the one that wrote {path}; allowed: the bundle with manifest "
            f"{str(log.metadata.get('bundle'))[:12]}"
        )
    planner = str(log.metadata.get("planner", ""))
    seed = int(log.metadata.get("seed", 0))
    agent = loaded.agent(seed=seed, planner=load_planner(planner) if planner else None)
    core = PlannerCore(agent, VirtualClock(), seed=seed, timed=False)
    records = _from_a_start(log.records)
    left_out = len(log.records) - len(records)
    if left_out and not any(record.plans for record in records):
        raise DeployError(
            f"log: {path} begins at tick {log.records[0].tick}, and its plans go on from those "
            "before; allowed: a log of `run --log`, or a flight recorder's file that holds a start "
            "(of the run, of an arming, of a simulated robot)"
        )
    pairs = []
    for recorded, again in plan_again(records, core):
        if recorded.actions.shape != again.actions.shape:
            who = planner or "the bundle's"
            raise DeployError(
                f"planner: {who} plans {len(again.actions)} actions, "
                f"the log holds {len(recorded.actions)}; allowed: the planner that ran"
            )
        pairs.append((recorded, again))
    if not pairs:
        raise DeployError(f"log: {path} holds no plans")
    numbers = np.array([recorded.plan_id for recorded, _ in pairs])
    differences = [_difference(recorded.actions, again.actions) for recorded, again in pairs]
    missing = int(numbers[-1] - numbers[0] + 1 - numbers.size)
    return Replayed(log, left_out, len(pairs), missing, np.array(differences), numbers)


def _difference(recorded: np.ndarray, again: np.ndarray) -> float:
    """Largest difference of an action; what was no number is the same if it is none again."""
    with np.errstate(invalid="ignore"):
        apart = np.abs(recorded - again)
    apart[(recorded == again) | (np.isnan(recorded) & np.isnan(again))] = 0.0
    apart[np.isnan(apart)] = np.inf
    return float(apart.max(initial=0.0))


def _from_a_start(records: tuple[TickRecord, ...]) -> tuple[TickRecord, ...]:
    """The ticks from the first on before which nothing was learned or planned.

    A plan begins with the one before it, and what is learned with the transitions before; both are
    forgotten where an epoch begins. A flight recorder's file may begin anywhere.
    """
    if not records or records[0].tick == 0:
        return records
    cut = records[0].epoch
    return tuple(record for record in records if record.epoch != cut)
