"""What runs on the robot: numpy, onnxruntime and the standard library."""
