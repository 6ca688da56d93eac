"""How the twins look and are called, the same in the film, the plot and the table."""

from __future__ import annotations

__all__ = ["COLOURS", "FAULT_COLOUR", "display_name"]

COLOURS = ("#0072b2", "#e69f00")
"""The model under test, and the one beside it; told apart by colour-blind eyes too."""

FAULT_COLOUR = "#b00020"

_DISPLAY_NAMES = {"mb": "MB", "grbal": "GrBAL", "rebal": "ReBAL", "combined": "Combined"}


def display_name(model: str) -> str:
    """A model's name as papers write it."""
    return _DISPLAY_NAMES.get(model, model)
