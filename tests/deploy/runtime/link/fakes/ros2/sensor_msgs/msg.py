from dataclasses import dataclass, field
from types import SimpleNamespace as Fields


def header(seconds=0.0):
    sec, rest = divmod(round(seconds * 1e9), 10**9)
    return Fields(stamp=Fields(sec=sec, nanosec=rest), frame_id="")


def vector(x=0.0, y=0.0, z=0.0):
    return Fields(x=x, y=y, z=z)


@dataclass
class JointState:
    header: Fields = field(default_factory=header)
    name: list = field(default_factory=list)
    position: list = field(default_factory=list)
    velocity: list = field(default_factory=list)
    effort: list = field(default_factory=list)


@dataclass
class Imu:
    header: Fields = field(default_factory=header)
    orientation: Fields = field(default_factory=lambda: Fields(x=0.0, y=0.0, z=0.0, w=1.0))
    orientation_covariance: list = field(default_factory=lambda: [0.0] * 9)
    angular_velocity: Fields = field(default_factory=vector)
    linear_acceleration: Fields = field(default_factory=vector)
