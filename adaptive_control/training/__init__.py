"""Training: collecting data, meta-training on it, and what is kept on disk."""

from __future__ import annotations

from adaptive_control.training.checkpoint import LoadedModel, load_model, save_model
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.loop import train

__all__ = ["LoadedModel", "TrainConfig", "load_model", "save_model", "train"]
