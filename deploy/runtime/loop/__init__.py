"""The guarded control loop: shield, planner, modes."""
