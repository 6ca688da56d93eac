from types import SimpleNamespace as Fields


class JointTrajectoryPoint:
    def __init__(self):
        self.positions, self.velocities, self.accelerations, self.effort = [], [], [], []
        self.time_from_start = Fields(sec=0, nanosec=0)


class JointTrajectory:
    def __init__(self):
        self.header = Fields(stamp=Fields(sec=0, nanosec=0))
        self.joint_names, self.points = [], []
