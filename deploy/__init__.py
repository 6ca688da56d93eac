"""From a trained model to a robot.

export/   writes a bundle from a checkpoint (needs torch)
runtime/  runs a bundle on the robot: numpy and onnxruntime, no torch, no simulator
robot/    the robot's end of a link, simulated: MuJoCo and PyBullet
"""
