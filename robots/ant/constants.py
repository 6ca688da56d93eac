"""Numbers of the ant, each with its source."""

from __future__ import annotations

DT = 0.05
"""Control period [s]: five steps of 0.01 s (`frame_skip=5`, Gymnasium Ant-v5)."""

SUBSTEPS = 5
"""Physics steps in a control period (Gymnasium Ant-v5)."""

RESET_NOISE = 0.1
"""`reset_noise_scale` of Gymnasium Ant-v5."""

INITIAL_QPOS = (0.0, 0.0, 0.75, 1.0) + (0.0,) * 11
"""Torso at its place in ant.xml, joints at zero: Ant-v5's start. x, y, z, quaternion, joints."""

JOINTS = ("hip_1", "ankle_1", "hip_2", "ankle_2", "hip_3", "ankle_3", "hip_4", "ankle_4")
"""Actuated joints leg by leg. ant.xml lists its actuators as 4, 1, 2, 3; actions do not."""

LEGS = {str(leg): (2 * leg, 2 * leg + 1) for leg in range(4)}
"""Actions of each leg: front left, front right, back left, back right, in ant.xml's names."""

LEG_GEOMS = {
    "0": ("left_leg_geom", "left_ankle_geom"),
    "1": ("right_leg_geom", "right_ankle_geom"),
    "2": ("back_leg_geom", "third_ankle_geom"),
    "3": ("rightback_leg_geom", "fourth_ankle_geom"),
}
"""Upper and lower segment of each leg in ant.xml."""

CONTROL_COST = 0.01
"""Weight of the squared action: 0.08 at full effort of all eight motors."""

ALIVE_BONUS = 0.05
"""Reward for a step that ends upright: small, so that standing still does not pay."""

ACTION_LIMIT = 0.3
"""Largest share of the motors' 150 N m (ant.xml) that a controller may ask for. At full torque an
ant of under one kilogram leaps over a metre high and tumbles, whoever plans; at 45 N m it runs."""

LEAST_HEIGHT, GREATEST_HEIGHT = 0.2, 1.0
"""Torso heights between which the ant has not fallen [m]: Gymnasium Ant-v5's `healthy_z_range`."""

LEAST_UPRIGHT = 0.5
"""Cosine of the tilt under which it has fallen (60 degrees). Height alone cannot tell: the torso
is a sphere of 0.25 m, as high on its back as on its feet."""

SAFE_HEIGHT, SAFE_UPRIGHT = 0.8, 0.9
"""A planner ends its sequences above this height [m] and beyond this tilt (26 degrees)."""

UNSAFE_COST = 50.0
"""What it charges for that, in units of return: more than the speed of a whole horizon earns."""

UNEASE = 20.0
"""What it charges at each step, times 1 - cosine of the tilt."""

LEAP_SPEED, LEAP_UNEASE = 0.8, 3.0
"""Upward speed of the torso, along its own axis, from which a step is a leap [m/s], and what the
square of the excess costs. In the air nothing can be done about a tilt."""
