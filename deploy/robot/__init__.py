"""The robot at the other end of a link, simulated, in a process of its own."""
