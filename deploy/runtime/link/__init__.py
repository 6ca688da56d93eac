"""Links between the runtime and a robot."""
