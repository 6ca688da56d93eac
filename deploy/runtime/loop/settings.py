"""What the loop can be asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from deploy.errors import DeployError

__all__ = ["Limits", "LoopSettings", "require"]


def require(condition: bool, field: str, value: object, allowed: str) -> None:
    """Raise a `DeployError` that names the field, its value and what is allowed."""
    if not condition:
        raise DeployError(f"{field}: {value} is not allowed; allowed: {allowed}")


@dataclass(frozen=True, kw_only=True)
class LoopSettings:
    """How the shield and the planner work together. Ticks are control periods.

    Attributes:
        lead: 0: the command of a tick comes from the observation of that tick, for which the
            shield waits until `answer_by`; 1: from the tick before, and leaves at once.
        answer_by: part of the period after which the shield waits no longer for a plan.
        margin: part of the period that the planner keeps free before its deadline.
        iterations: most iterations of the planner a tick; 0: what the bundle says.
        hold_ticks: k, ticks that the tail of a plan may be followed, and ticks without a usable
            observation that are borne.
        thaw_ticks: clean ticks after doubtful data until adaptation is resumed.
        recover_ticks: ticks with fresh plans that end SAFE where the planner was its cause.
        safe_ticks: ticks of SAFE after which the planner is given up and a person is needed.
        ramp_s: time to ramp from the last command to the safe action [s].
        valid_ticks: ticks that a command remains valid on the robot.
        stale_ticks: an observation older than this is not used.
        frozen_ticks: identical observations in a row that count as a frozen sensor.
        stuck_ticks: identical values of one channel in a row that count as a stuck sensor.
        jump_factor: a change is a jump if it exceeds this many times the greatest seen lately.
        arm_within_s: an unattended run that could not be armed for so long ends [s].
        warmup_ticks: first ticks, whose times are told apart from those of all others.
        stop_on_fall: the robot's word that it has fallen is a reason to stop.
        readonly: compute commands, send none.
    """

    lead: int = 0
    answer_by: float = 0.8
    margin: float = 0.05
    iterations: int = 0
    hold_ticks: int = 5
    thaw_ticks: int = 20
    recover_ticks: int = 10
    safe_ticks: int = 40
    ramp_s: float = 0.25
    valid_ticks: float = 3.0
    stale_ticks: float = 1.5
    frozen_ticks: int = 3
    stuck_ticks: int = 10
    jump_factor: float = 8.0
    arm_within_s: float = 10.0
    warmup_ticks: int = 20
    stop_on_fall: bool = True
    readonly: bool = False

    def __post_init__(self) -> None:
        """Refuse what no loop could use.

        Raises:
            DeployError: names the field, its value and what is allowed.
        """
        require(self.lead in (0, 1), "lead", self.lead, "0 or 1")
        require(0 < self.answer_by < 1, "answer_by", self.answer_by, "between 0 and 1")
        room = self.answer_by
        require(0 <= self.margin < room, "margin", self.margin, f"0 to below {room}")
        require(self.iterations >= 0, "iterations", self.iterations, "integers from 0")
        for name in ("hold_ticks", "thaw_ticks", "recover_ticks", "safe_ticks", "warmup_ticks"):
            value = getattr(self, name)
            require(0 <= value <= 10**6, name, value, "0 to 1000000")
        require(0 <= self.ramp_s <= 60, "ramp_s", self.ramp_s, "0 to 60")
        require(1 <= self.valid_ticks <= 100, "valid_ticks", self.valid_ticks, "1 to 100")
        require(0.5 <= self.stale_ticks <= 8, "stale_ticks", self.stale_ticks, "0.5 to 8")
        require(self.frozen_ticks >= 2, "frozen_ticks", self.frozen_ticks, "integers from 2")
        require(self.stuck_ticks >= 2, "stuck_ticks", self.stuck_ticks, "integers from 2")
        require(self.arm_within_s > 0, "arm_within_s", self.arm_within_s, "above 0")
        require(self.jump_factor > 1, "jump_factor", self.jump_factor, "above 1")


@dataclass(frozen=True, eq=False, kw_only=True)
class Limits:
    """What the shield must know of the robot, in the bundle's order of channels.

    Attributes:
        dt: control period [s].
        observation_names: [S] names.
        observation_units: [S] units; differences of angles ("rad") are taken modulo a turn.
        observation_low: [S] float32, least values; -inf where there is none.
        observation_high: [S] float32, greatest values.
        action_low: [A] float32, least commands, finite.
        action_high: [A] float32, greatest commands, finite.
        action_step: [A] float32, greatest change of a command from tick to tick.
        safe_action: [A] float32, inside the limits.
        simulated: the robot may be reset while a run goes on.
    """

    dt: float
    observation_names: tuple[str, ...]
    observation_units: tuple[str, ...]
    observation_low: np.ndarray
    observation_high: np.ndarray
    action_low: np.ndarray
    action_high: np.ndarray
    action_step: np.ndarray
    safe_action: np.ndarray
    simulated: bool = False

    def __post_init__(self) -> None:
        """Refuse limits that would let something out.

        Raises:
            DeployError: names the field, its value and what is allowed.
        """
        require(0 < self.dt <= 10, "dt", self.dt, "above 0 to 10 s")
        low, high = self.action_low, self.action_high
        room = bool(np.all(np.isfinite(low) & np.isfinite(high) & (low <= high)))
        require(room, "action limits", f"{low} to {high}", "finite, low <= high")
        require(bool(np.all(self.action_step > 0)), "rate limits", self.action_step, "above 0")
        inside = bool(np.all((self.safe_action >= low) & (self.safe_action <= high)))
        require(inside, "safe action", self.safe_action, f"{low} to {high}")

    @property
    def observation_size(self) -> int:
        """S."""
        return len(self.observation_names)

    @property
    def action_size(self) -> int:
        """A."""
        return self.action_low.shape[0]

    @property
    def dt_ns(self) -> int:
        """Control period [ns]."""
        return round(self.dt * 1e9)
