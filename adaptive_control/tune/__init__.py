"""Tuning: the planner that returns most within the control period of the target machine."""
