"""Suites of perturbations, and how models are judged on them."""
