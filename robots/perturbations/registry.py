"""The kinds of perturbation. A new kind is a class and one line here."""

from __future__ import annotations

from robots.perturbations.actuators import ActuatorGain
from robots.perturbations.base import Perturbation
from robots.perturbations.body import Damping, Mass, Payload
from robots.perturbations.contacts import Contacts
from robots.perturbations.ground import Friction, Slope
from robots.perturbations.joints import CrippledJoint, CrippledLeg
from robots.perturbations.pier import Pier
from robots.perturbations.sensors import Delay, SensorBias
from robots.perturbations.terrain import Terrain

__all__ = ["KINDS"]

KINDS: dict[str, type[Perturbation]] = {
    kind.kind: kind
    for kind in (
        CrippledJoint,
        CrippledLeg,
        ActuatorGain,
        Mass,
        Payload,
        Damping,
        Slope,
        Terrain,
        Pier,
        Friction,
        Contacts,
        SensorBias,
        Delay,
    )
}
