"""Numbers of the A1, each with its source. Those of its bodies are in `a1.xml`."""

from __future__ import annotations

DT = 0.05
"""Control period [s], the same as the other robots': the servos below it run at 500 Hz."""

SUBSTEPS = 25
"""Physics steps of 2 ms in a control period; each is also a step of the servos."""

JOINTS = tuple(
    f"{leg}_{part}" for leg in ("FR", "FL", "RR", "RL") for part in ("hip", "thigh", "calf")
)
"""Leg by leg (front right, front left, rear right, rear left), in Unitree's order and names."""

LEGS = {leg: (3 * i, 3 * i + 1, 3 * i + 2) for i, leg in enumerate(("FR", "FL", "RR", "RL"))}
"""Actions of each leg."""

KP, KD = 80.0, 1.0
"""Gains of the servos [N m/rad], [N m s/rad]. Of the same size as those in use on the robot (100
and 1 to 2 in E. Coumans' motion_imitation); with 50 the legs give way under the robot's own weight
and it trots on the spot, with 120 and 2 it walks no better."""

TORQUE_LIMIT = 33.5
"""Largest torque of a motor [N m]: Unitree's a1_description, `xacro/const.xacro`."""

ACTION_LIMITS = {"hip": 0.15, "thigh": 0.25, "calf": 0.25}
"""How far an action moves a joint's target from the gait's [rad]. Enough to more than double the
speed of the gait; twice as much and almost any plan is a fall."""

INITIAL_HEIGHT = 0.29
"""Trunk above the ground at the start [m]: the gait's height and the radius of a foot."""

RESET_NOISE = 0.02
"""Half-width of the noise on the initial pose [m], [rad]; its feet then end within 1 cm of the
ground."""

GAIT_STEPS = 8
"""Control steps of a cycle of the gait: 0.4 s, a trot of 2.5 Hz."""

DUTY = 0.6
"""Share of a cycle that a foot is on the ground: two diagonal feet at a time, four in between."""

STRIDE = 0.08
"""What a foot travels backwards under the hip while it is on the ground [m]."""

LIFT = 0.05
"""What it is lifted in between [m]."""

HIP_HEIGHT = 0.27
"""Hips above feet [m], of 0.4 m with the leg stretched."""

SEGMENT = 0.2
"""Length of a thigh and of a calf [m] (a1.urdf)."""

ALIVE_BONUS = 0.05
"""Reward for a step that ends upright: small, so that standing still does not pay."""

HEADING_COST = 0.5
"""Weight of 1 - cosine of the heading. Without it, planners that look 0.6 s ahead let the robot
turn until it walks askew, which ends slower: 1.2 instead of 1.4 m/s with one and the same model."""

CONTROL_COST = 0.1
"""Weight of the squared action [1/rad^2]: 0.06 if all targets are moved as far as they can be."""

LEAST_HEIGHT, LEAST_UPRIGHT = 0.15, 0.5
"""Trunk height [m] and cosine of its tilt (60 degrees) under which the robot has fallen: at 0.15 m
its knees are on the ground."""

SAFE_HEIGHT, SAFE_UPRIGHT = 0.19, 0.9
"""A planner ends its sequences below this height [m] and beyond this tilt (26 degrees)."""

UNSAFE_COST = 30.0
"""What it charges for that, in units of return: more than the speed of a whole horizon earns."""

UNEASE = 10.0
"""What it charges at each step, times 1 - cosine of the tilt."""

LEAP_SPEED, LEAP_UNEASE = 0.5, 5.0
"""Upward speed of the trunk, along its own axis, from which a step is a leap [m/s], and what the
square of the excess costs. Chosen on 40 draws of training faults: 1.77 +- 0.10 m/s after the fault
and four fell. With half the unease, a third of the cost, 32 degrees and no charge for leaps it was
1.85 +- 0.12 m/s, and ten fell."""
