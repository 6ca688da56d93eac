"""From a bundle and the name of a robot to a run, and its summary."""

from __future__ import annotations

import sys
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any

from controllers import SamplingPlanner, format_planner, load_planner
from deploy.errors import DeployError
from deploy.runtime import link as links
from deploy.runtime.bundle import Bundle, load_bundle
from deploy.runtime.link.base import DropsPackets, RobotLink
from deploy.runtime.log import FlightRecorder, McapLog, Topics
from deploy.runtime.log.metadata import fingerprint
from deploy.runtime.loop.accounts import Accounts
from deploy.runtime.loop.attach import SteppedLink, limits_of
from deploy.runtime.loop.baseline import Baseline
from deploy.runtime.loop.board import Board, Viewer
from deploy.runtime.loop.clock import Clock, MonotonicClock, VirtualClock
from deploy.runtime.loop.config import RunConfig
from deploy.runtime.loop.hygiene import Granted, as_found, available_cores, prepare
from deploy.runtime.loop.planner import PlannerCore
from deploy.runtime.loop.ports import LocalPlanner, PlannerPort
from deploy.runtime.loop.process import PlannerProcess, WorkerSpec
from deploy.runtime.loop.session import EARLY, Ending, Person, Session, stop_signals
from deploy.runtime.loop.settings import Limits, LoopSettings
from deploy.runtime.loop.shield import Shield
from deploy.runtime.loop.terminal import Terminal

__all__ = ["run_bundle"]

GRACE = 0.3, 0.15
"""Part of the period that an observation may come later than the robot's clock says, by `lead`."""


def run_bundle(config: RunConfig, person: Person | None = None) -> dict[str, Any]:
    """Run a bundle on a robot to the end.

    Args:
        config: what is asked for.
        person: who may arm the robot; default: whoever sits at the terminal.

    Returns:
        The summary; `safe` tells that the robot was stopped for safety.

    Raises:
        DeployError: bundle, robot and configuration do not fit, before anything moved.
    """
    person = Terminal() if person is None else person
    bundle = load_bundle(config.bundle)
    robot = config.robot or f"sim:{bundle.manifest.robot}?seed={config.seed}"
    simulated_here = robot.startswith("sim:")
    if config.deterministic and not simulated_here:
        raise DeployError(f"deterministic: {robot} has a time of its own; allowed: sim:NAME")
    settings = config.settings(readonly=not (config.arm or person.present))
    clock = VirtualClock() if config.deterministic else MonotonicClock()
    # Of the two stacks the first is unwound last: a second Ctrl-C cuts short neither log nor link.
    with ExitStack() as signals, ExitStack() as stack:
        link = links.open_link(robot)
        stack.callback(link.close)
        ours: RobotLink = bundle.attach(link)
        limits = limits_of(bundle.manifest, ours.channels)
        if config.deterministic:
            ours = SteppedLink(ours, clock, limits.dt_ns)
        port, hygiene = _planner(config, bundle, limits, clock)
        stack.callback(port.close)
        follow = not simulated_here
        wait_s = (EARLY + GRACE[settings.lead]) * limits.dt if follow else 0.0
        shield = Shield(ours, limits, port, settings, clock, wait_s=wait_s, wall_ns=time.time_ns)
        accounts = Accounts(limits, settings)
        board = _board(config, stack, limits, accounts)
        recorder, log = _logs(config, stack, bundle, robot, limits)
        baseline = Baseline(limits.dt, config.priority) if config.baseline else None
        if not config.deterministic:
            stack.enter_context(as_found())
            hygiene["shield"] = prepare(config.priority, _cores(config, 0))
        session = Session(
            shield, limits, settings, clock, accounts,
            sinks=[sink for sink in (recorder, log, board) if sink is not None],
            person=person, arm=config.arm,
            ticks=config.ticks(limits.dt), follow=follow,
        )  # fmt: skip
        signals.enter_context(stop_signals(session.stop))
        ending = session.run()
        measured = baseline.finish() if baseline is not None else None
    # The logs are closed now: all that could go wrong with them has.
    lost = [*ending.lost_sinks, recorder.trouble, "" if log is None else log.trouble]
    return {
        **_summary(config, robot, settings, accounts, ending, hygiene, measured),
        "lost_logs": sorted({text for text in lost if text}),
        "fault_files": [str(path) for path in recorder.files],
        "dropped": dict(sorted(link.counters.items())) if isinstance(link, DropsPackets) else {},
    }


def _planner(
    config: RunConfig, bundle: Bundle, limits: Limits, clock: Clock
) -> tuple[PlannerPort, dict[str, list[Granted]]]:
    """The planner: in this process and in simulated time, or in its own."""
    text = _planner_text(config)
    planner = _chosen_planner(text, bundle)
    if config.deterministic:
        agent = bundle.agent(seed=config.seed, planner=planner)
        core = PlannerCore(
            agent, clock, seed=config.seed, iterations=config.iterations, timed=False
        )
        return LocalPlanner(core, config.latency + config.lead), {}
    spec = WorkerSpec(
        factory="deploy.runtime.loop.worker:bundle_agent",
        arguments={"path": str(bundle.path), "seed": config.seed, "planner": text},
        observation=limits.observation_size,
        action=limits.action_size,
        horizon=planner.horizon,
        seed=config.seed,
        iterations=config.iterations,
        priority=max(0, config.priority - 10),  # the shield goes first
        cores=_cores(config, 1),
    )
    process = PlannerProcess(spec)
    return process, {"planner": [Granted(**item) for item in process.report]}


def _planner_text(config: RunConfig) -> str:
    """The planner that was asked for, every setting spelled out; "" for the bundle's own."""
    return format_planner(load_planner(config.planner)) if config.planner else ""


def _chosen_planner(text: str, bundle: Bundle) -> SamplingPlanner:
    return load_planner(text) if text else bundle.manifest.planner


def _cores(config: RunConfig, which: int) -> tuple[int, ...]:
    """A core for the shield (0) or the planner (1), if there are enough for the others, too."""
    cores = available_cores()
    return (cores[-1 - which],) if config.pin and len(cores) > 2 else ()


def _board(config: RunConfig, stack: ExitStack, limits: Limits, accounts: Accounts) -> Board | None:
    if not (config.view and sys.stdout.isatty()):
        return None
    board = Board(limits, accounts)
    stack.callback(Viewer(board).close)
    return board


def _logs(
    config: RunConfig, stack: ExitStack, bundle: Bundle, robot: str, limits: Limits
) -> tuple[FlightRecorder, McapLog | None]:
    """The flight recorder, which always runs, and the log that was asked for."""
    manifest = bundle.manifest
    topics = Topics(limits.observation_names, tuple(c.name for c in manifest.action))
    metadata = {
        "bundle": fingerprint(bundle.path),
        "robot": robot,
        "seed": config.seed,
        # Not as it was given: a file may say something else by the time of a replay.
        "planner": _planner_text(config),
        "iterations": config.iterations,
        "dt": limits.dt,
    }
    # Between the shield, whose interpreter they share, and the planner.
    priority = 0 if config.deterministic else max(0, config.priority - 5)
    recorder = FlightRecorder(config.faults, topics, metadata, limits.dt, priority=priority)
    stack.enter_context(recorder)
    log = None
    if config.log is not None:
        log = McapLog(config.log, topics, metadata, priority)
        stack.callback(log.close)
    return recorder, log


def _summary(
    config: RunConfig,
    robot: str,
    settings: LoopSettings,
    accounts: Accounts,
    ending: Ending,
    hygiene: dict[str, list[Granted]],
    baseline: dict[str, Any] | None,
) -> dict[str, Any]:
    asked = {
        name: str(value) if isinstance(value, Path) else value
        for name, value in asdict(config).items()
    }
    return {
        **accounts.summary(),
        "safe": ending.safe,
        "ended": ending.reason,
        "observed_only": settings.readonly,
        "robot": robot,
        "settings": {**asked, "robot": robot, "loop": asdict(settings)},
        "hygiene": {who: [item.as_dict() for item in items] for who, items in hygiene.items()},
        "baseline": baseline,
    }
