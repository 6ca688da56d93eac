"""Endless ground from a few pieces: those left behind come back in front."""

from __future__ import annotations

import numpy as np

__all__ = ["conveyor_slots"]


def conveyor_slots(first: int, pieces: int) -> np.ndarray:
    """The slot each piece fills when slots `first` to `first + pieces - 1` are to be filled.

    Piece p always takes a slot that is p modulo the number of pieces, so a piece stays where it is
    until its slot has left the window.

    Returns:
        [pieces] integers.
    """
    return first + (np.arange(pieces) - first) % pieces
