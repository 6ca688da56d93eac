"""The window: the last M transitions that a model adapts from."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["Context", "Window", "ages"]

Context = tuple[Tensor, ...]
"""What adapting produced, as tensors with a leading batch dimension `B`; `()` if nothing."""


class Window(NamedTuple):
    """The last M transitions of B robots, oldest first, newest last.

    Slots that hold no transition yet (after a reset) stand at the front with mask 0, and the
    values in them never reach a result.

    Attributes:
        observation: `[B, M, S]`.
        action: `[B, M, A]`, the action that was applied.
        next_observation: `[B, M, S]`.
        mask: `[B, M, 1]`, 1 where the slot holds a transition, else 0.
    """

    observation: Tensor
    action: Tensor
    next_observation: Tensor
    mask: Tensor


def ages(mask: Tensor) -> Tensor:
    """Control steps since each slot of a window was the newest, `[M, 1]`, from its mask."""
    steps = mask.shape[1]
    return torch.arange(steps - 1, -1, -1, dtype=mask.dtype, device=mask.device).unsqueeze(-1)
