from dataclasses import dataclass, field
from types import SimpleNamespace as Fields

from sensor_msgs.msg import header, vector


def _pose():
    return Fields(pose=Fields(position=vector(), orientation=Fields(x=0.0, y=0.0, z=0.0, w=1.0)))


@dataclass
class Odometry:
    header: Fields = field(default_factory=header)
    pose: Fields = field(default_factory=_pose)
    twist: Fields = field(
        default_factory=lambda: Fields(twist=Fields(linear=vector(), angular=vector()))
    )
