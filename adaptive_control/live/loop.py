"""The control loop of the live page: its own thread, and it waits for nobody.

    page -- commands --> queue --> [commands, control step of every robot] --> slot --> page

Commands are carried out between two control steps. What the loop has to show goes into a slot whose
newest value wins, so a page that is slow, or gone, costs it nothing. Deadlines are absolute; steps
that were missed are skipped, never made up for in a burst.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable, Sequence

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.live import commands as asked
from adaptive_control.live.lane import Lane
from adaptive_control.live.slot import Slot
from adaptive_control.live.snapshot import Snapshot
from adaptive_control.planning import checked_terminal
from adaptive_control.threads import this_thread_alone
from adaptive_control.training import LoadedModel
from controllers import PlannerError, SamplingPlanner
from robots import Robot, RobotError, parse_perturbation

__all__ = ["ControlLoop"]

_SPEEDS = (0.05, 10.0)


class ControlLoop:
    """Robots side by side, simulated and controlled in real time.

    Args:
        robot: the robot.
        models: method names, the robot's and its twin's.
        load: the model of a name.
        planner: settings of the planner, the same for all.
        perturbation: text.
        seed: of start states and planning noise, the same for all.
    """

    def __init__(
        self,
        robot: Robot,
        models: Sequence[str],
        load: Callable[[str], LoadedModel],
        planner: SamplingPlanner,
        perturbation: str = "none",
        seed: int = 0,
    ):
        self.robot, self.models = robot, tuple(models)
        self.planner = planner
        self.slot: Slot[Snapshot] = Slot()
        self.commands: queue.SimpleQueue[asked.Command] = queue.SimpleQueue()
        self.failure: BaseException | None = None
        self._load, self._seed = load, seed
        initial = parse_perturbation(perturbation, robot)
        self._perturbations = [str(member) for member in initial.members]
        loaded = [load(name) for name in self.models]
        self.window = loaded[0].window
        self._lanes = [self._lane(model) for model in loaded]
        self._speed, self._paused = 1.0, False
        self._episode, self._steps, self._late, self._notice = 0, 0, 0, ""
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="control-loop", daemon=True)
        self._publish(float("nan"))

    @property
    def steps(self) -> int:
        """Control steps done."""
        return self._steps

    def start(self) -> None:
        """Run in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the control step it is in."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()

    def send(self, command: asked.Command) -> None:
        """Have a command carried out before the next control step; from any thread."""
        self.commands.put(command)

    def tick(self) -> None:
        """Carry out what was asked, then one control step, then publish."""
        start = time.perf_counter()
        self._carry_out()
        if not self._paused:
            for lane in self._lanes:
                lane.step()
            self._steps += 1
        self._publish(time.perf_counter() - start)

    def _run(self) -> None:
        this_thread_alone()
        try:
            deadline = time.perf_counter()
            while not self._stop.is_set():
                self.tick()
                period = self.robot.spec.dt / self._speed
                deadline += period
                behind = time.perf_counter() - deadline
                if behind < 0:
                    self._stop.wait(-behind)
                else:
                    self._late += not self._paused
                    deadline += behind // period * period  # skipped, never made up for
        except BaseException as failure:  # the page must say that nothing moves any more
            self.failure = failure

    def _carry_out(self) -> None:
        while True:
            try:
                command = self.commands.get_nowait()
            except queue.Empty:
                return
            try:
                self._notice = ""
                self._obey(command)
            except (AdaptiveControlError, PlannerError, RobotError, OSError) as error:
                self._notice = str(error)

    def _obey(self, command: asked.Command) -> None:
        match command:
            case asked.SetPlanner(planner):
                for lane in self._lanes:
                    checked_terminal(planner, lane.model.value)
                self.planner = planner
                for lane in self._lanes:
                    lane.use(planner=planner)
            case asked.SetWindow(window):
                self.window = window
                for lane in self._lanes:
                    lane.use(window=window)
            case asked.SetModels(names):
                self._set_models(names)
            case asked.SetPerturbation(pattern, text):
                self._exchange(pattern, text)
            case asked.ClearPerturbations():
                self._perturb([])
            case asked.Pause(paused):
                self._paused = paused
            case asked.SetSpeed(factor):
                low, high = _SPEEDS
                self._speed = min(max(factor, low), high)
            case asked.Push(impulse):
                for lane in self._lanes:
                    lane.simulator.push(impulse)
            case asked.Reset():
                self._reset()

    def _exchange(self, pattern: str, text: str) -> None:
        new = parse_perturbation(text or "none", self.robot).members
        texts = [str(member) for member in new]
        kept = [
            part
            for part in self._perturbations
            if part not in texts and not re.fullmatch(pattern, part)
        ]
        self._perturb(kept + texts)

    def _perturb(self, texts: list[str]) -> None:
        combined = parse_perturbation("+".join(texts) or "none", self.robot)
        for lane in self._lanes:
            lane.simulator.perturb(combined)
        self._perturbations = texts

    def _set_models(self, names: tuple[str, ...]) -> None:
        loaded = [self._load(name) for name in names]
        for model in loaded:
            checked_terminal(self.planner, model.value)
        self.models = names
        if len(loaded) != len(self._lanes):
            self._lanes = [self._lane(model) for model in loaded]
            self._reset()  # twins start together
            return
        for lane, model in zip(self._lanes, loaded, strict=True):
            lane.use(model=model)

    def _lane(self, model: LoadedModel) -> Lane:
        text = "+".join(self._perturbations) or "none"
        return Lane(self.robot, model, self.planner, self.window, text, self._seed)

    def _reset(self) -> None:
        self._episode += 1
        for lane in self._lanes:
            lane.reset()

    def _publish(self, tick_s: float) -> None:
        self.slot.publish(
            Snapshot(
                episode=self._episode,
                time=self._lanes[0].simulator.time,
                dt=self.robot.spec.dt,
                robots=tuple(lane.view() for lane in self._lanes),
                planner=self.planner,
                window=self.window,
                perturbations=tuple(self._perturbations),
                paused=self._paused,
                tick_s=tick_s,
                late=self._late,
                notice=self._notice,
            )
        )
