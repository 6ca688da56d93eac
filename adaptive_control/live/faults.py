"""What can be broken by a click: a few of every kind of perturbation, made for the robot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from robots import Robot

__all__ = ["Dial", "dials", "fault_boxes"]


@dataclass(frozen=True)
class Dial:
    """A perturbation whose strength a slider sets.

    Attributes:
        words: beside the slider.
        kind: of the perturbation.
        low: least value, in the unit that the words name.
        high: greatest value.
        step: of the slider.
        neutral: the value at which nothing acts.
    """

    words: str
    kind: str
    low: float
    high: float
    step: float
    neutral: float

    @property
    def pattern(self) -> str:
        """What its texts look like; one that names an actuator or a time is somebody else's."""
        return rf"{self.kind}:[-+.\de]+"

    def text(self, value: float) -> str:
        """The perturbation at that value; empty where nothing acts."""
        return "" if abs(value - self.neutral) < self.step / 2 else f"{self.kind}:{value:g}"

    def value(self, texts: Iterable[str]) -> float:
        """Where the slider stands while `texts` act."""
        found = [text for text in texts if re.fullmatch(self.pattern, text)]
        value = float(found[-1].partition(":")[2]) if found else self.neutral
        return min(max(value, self.low), self.high)


def dials() -> tuple[Dial, ...]:
    """The sliders, the same for every robot."""
    return (
        Dial("slope [degrees]", "slope", -20.0, 20.0, 1.0, 0.0),
        Dial("mass (factor)", "mass", 0.5, 3.0, 0.1, 1.0),
        Dial("motor gain (factor)", "actuator-gain", 0.0, 2.0, 0.1, 1.0),
        Dial("friction (factor)", "friction", 0.1, 2.0, 0.1, 1.0),
    )


def fault_boxes(robot: Robot) -> dict[str, tuple[tuple[str, str], ...]]:
    """Titles of groups, and in each the (words beside the box, text of the perturbation)."""
    spec = robot.spec
    tilted = "pitch" if "pitch" in spec.observation_names else "up_x"
    joints = tuple(enumerate(spec.action_names))
    return {
        "Cripple a leg": tuple((f"leg {leg}", f"crippled-leg:{leg}") for leg in spec.legs),
        "Reverse a motor": tuple((name, f"actuator-gain:{index}=-1") for index, name in joints),
        "Cripple a joint": tuple((name, f"crippled-joint:{index}") for index, name in joints),
        "Body and ground": (
            ("payload of 3 kg", "payload:3"),
            ("stiffer joints (damping x 3)", "damping:3"),
            ("hard contacts", "contacts:0.004"),
            ("basins", "terrain:basin"),
            ("hills", "terrain:hill"),
            ("random terrain", "terrain:random-1"),
            ("floating pier", "pier:10"),
        ),
        "Sensors": (
            (f"{tilted} reads 0.2 too much", f"sensor-bias:{tilted}=0.2"),
            (f"delay of {spec.dt * 1000:.0f} ms", f"delay:{spec.dt:g}s"),
        ),
    }
