"""Robots that a model drives, side by side, and what came of it."""

from __future__ import annotations

from adaptive_control.episodes.model_error import K_STEPS, KStepError, k_step_error
from adaptive_control.episodes.recording import Recording
from adaptive_control.episodes.run import run_episodes

__all__ = ["K_STEPS", "KStepError", "Recording", "k_step_error", "run_episodes"]
