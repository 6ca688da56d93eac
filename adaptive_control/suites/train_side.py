"""Train sides: distributions of perturbations that models may meet while they are trained.

Each can draw a text, and say whether a single perturbation is one that it could have drawn: that is
how it is decided, by parts and ranges and not by luck, that nothing held out was trained on.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from robots.perturbations import Perturbation
from robots.perturbations.actuators import ActuatorGain
from robots.perturbations.body import Damping, Mass, Payload
from robots.perturbations.ground import Friction, Slope
from robots.perturbations.joints import CrippledJoint, CrippledLeg
from robots.perturbations.pier import Pier
from robots.perturbations.terrain import Terrain

__all__ = [
    "GroundKinds", "LoadedBody", "MotorGains", "PierDamping", "RandomRelief", "ScaledBody",
    "SlackJoint", "SlackJoints", "SlackLeg", "TrainSide", "WeakMotors",
]  # fmt: skip


class TrainSide(Protocol):
    """A distribution of training perturbations."""

    def draw(self, rng: np.random.Generator) -> str:
        """One training perturbation, as text."""
        ...

    def covers(self, part: Perturbation) -> bool:
        """Whether a draw may hold this part, at whatever time."""
        ...

    def __str__(self) -> str:
        """The distribution in a line, for people."""
        ...


@dataclass(frozen=True)
class SlackJoints:
    """None, or one or two of the first `joints` joints."""

    joints: int

    def draw(self, rng: np.random.Generator) -> str:
        count = rng.integers(0, 3)
        if count == 0:
            return "none"
        size = min(count, self.joints)
        slack = sorted(rng.choice(self.joints, size=size, replace=False).tolist())
        return "crippled-joint:" + ",".join(map(str, slack))

    def covers(self, part: Perturbation) -> bool:
        return (
            isinstance(part, CrippledJoint)
            and len(part.joints) <= 2
            and max(part.joints) < self.joints
        )

    def __str__(self) -> str:
        return f"none, or one or two of joints 0-{self.joints - 1} slack"


@dataclass(frozen=True)
class SlackLeg:
    """None, or one of the first `legs` legs."""

    legs: int

    def draw(self, rng: np.random.Generator) -> str:
        leg = rng.integers(-1, self.legs)
        return "none" if leg < 0 else f"crippled-leg:{leg}"

    def covers(self, part: Perturbation) -> bool:
        return isinstance(part, CrippledLeg) and part.leg in map(str, range(self.legs))

    def __str__(self) -> str:
        return f"none, or one of legs 0-{self.legs - 1} slack and shrunk"


@dataclass(frozen=True)
class MotorGains:
    """Gains in [0.5, 1] on the first `joints` motors; half the time one of them is reversed."""

    joints: int

    def draw(self, rng: np.random.Generator) -> str:
        gains = rng.uniform(0.5, 1.0, self.joints)
        if rng.random() < 0.5:
            gains[rng.integers(self.joints)] *= -1
        return "actuator-gain:" + ",".join(f"{j}={g:.3f}" for j, g in enumerate(gains))

    def covers(self, part: Perturbation) -> bool:
        if not isinstance(part, ActuatorGain):
            return False
        among = all(joint is not None and joint < self.joints for joint, _ in part.gains)
        in_range = all(0.5 <= abs(gain) <= 1.0 for _, gain in part.gains)
        return among and in_range and sum(gain < 0 for _, gain in part.gains) <= 1

    def __str__(self) -> str:
        return f"gains 0.5-1 on motors 0-{self.joints - 1}, half the time one of them reversed"


@dataclass(frozen=True)
class RandomRelief:
    """One of a thousand random reliefs."""

    def draw(self, rng: np.random.Generator) -> str:
        return f"terrain:random-{rng.integers(1000)}"

    def covers(self, part: Perturbation) -> bool:
        return isinstance(part, Terrain) and part.shape.startswith("random-")

    def __str__(self) -> str:
        return "random relief, stretches of 3 m that rise or fall by up to 17 degrees"


@dataclass(frozen=True)
class PierDamping:
    """A deck with a damping in [0, `high`] [N s/m]."""

    high: float

    def draw(self, rng: np.random.Generator) -> str:
        return f"pier:{rng.uniform(0, self.high):.2f}"

    def covers(self, part: Perturbation) -> bool:
        return isinstance(part, Pier) and part.value <= self.high

    def __str__(self) -> str:
        return f"a deck of sprung blocks with damping 0-{self.high:g} N s/m"


@dataclass(frozen=True)
class ScaledBody:
    """Masses and joint damping, each times one of `scales`."""

    scales: tuple[float, ...]

    def draw(self, rng: np.random.Generator) -> str:
        return f"mass:{rng.choice(self.scales)}+damping:{rng.choice(self.scales)}"

    def covers(self, part: Perturbation) -> bool:
        within = min(self.scales), max(self.scales)
        return isinstance(part, Mass | Damping) and within[0] <= part.value <= within[1]

    def __str__(self) -> str:
        return "masses and joint damping, each times " + ", ".join(f"{s:g}" for s in self.scales)


@dataclass(frozen=True)
class SlackJoint:
    """None, or one of the first `joints` joints."""

    joints: int

    def draw(self, rng: np.random.Generator) -> str:
        joint = rng.integers(-1, self.joints)
        return "none" if joint < 0 else f"crippled-joint:{joint}"

    def covers(self, part: Perturbation) -> bool:
        return (
            isinstance(part, CrippledJoint)
            and len(part.joints) == 1
            and part.joints[0] < self.joints
        )

    def __str__(self) -> str:
        return f"none, or one of joints 0-{self.joints - 1} slack"


@dataclass(frozen=True)
class WeakMotors:
    """Gains in [`low`, 1] on the first `joints` motors."""

    joints: int
    low: float

    def draw(self, rng: np.random.Generator) -> str:
        gains = rng.uniform(self.low, 1.0, self.joints)
        return "actuator-gain:" + ",".join(f"{j}={g:.3f}" for j, g in enumerate(gains))

    def covers(self, part: Perturbation) -> bool:
        return isinstance(part, ActuatorGain) and all(
            joint is not None and joint < self.joints and self.low <= gain <= 1.0
            for joint, gain in part.gains
        )

    def __str__(self) -> str:
        return f"gains {self.low:g}-1 on motors 0-{self.joints - 1}"


@dataclass(frozen=True)
class LoadedBody:
    """A payload in [0, `payload`] [kg], and joint damping in [0, `damping`] times its own."""

    payload: float
    damping: float

    def draw(self, rng: np.random.Generator) -> str:
        payload, damping = rng.uniform(0, self.payload), rng.uniform(0, self.damping)
        return f"payload:{payload:.2f}+damping:{damping:.2f}"

    def covers(self, part: Perturbation) -> bool:
        if isinstance(part, Damping):
            return part.value <= self.damping
        return isinstance(part, Payload) and part.value <= self.payload

    def __str__(self) -> str:
        return f"0-{self.payload:g} kg on the torso, joint damping times 0-{self.damping:g}"


@dataclass(frozen=True)
class GroundKinds:
    """A slope of up to `slope` [degrees] up or down, and friction times `friction` to 1."""

    slope: float
    friction: float

    def draw(self, rng: np.random.Generator) -> str:
        slope, friction = rng.uniform(-self.slope, self.slope), rng.uniform(self.friction, 1.0)
        return f"slope:{slope:.1f}+friction:{friction:.2f}"

    def covers(self, part: Perturbation) -> bool:
        if isinstance(part, Slope):
            return abs(part.value) <= self.slope
        return isinstance(part, Friction) and self.friction <= part.value <= 1.0

    def __str__(self) -> str:
        return f"slopes of -{self.slope:g} to {self.slope:g} degrees, friction {self.friction:g}-1"
