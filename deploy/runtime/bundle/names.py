"""Names of a bundle's files, and of the inputs and outputs of its graphs."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

__all__ = [
    "ADAPT", "ALLOWED", "GOLDEN", "MANIFEST", "PRIOR", "STEP", "VALUE", "adapt_inputs",
    "adapt_outputs", "next_name", "step_inputs", "step_outputs", "value_inputs", "value_outputs",
    "written_outputs",
]  # fmt: skip

MANIFEST = "manifest.json"
STEP = "step.onnx"
ADAPT = "adapt.onnx"
VALUE = "value.onnx"
PRIOR = "prior.npz"
GOLDEN = "golden.npz"
ALLOWED = (STEP, ADAPT, VALUE, PRIOR, GOLDEN)
"""The files besides the manifest; a bundle has no other and no folders."""

_STEP_OUTPUTS = ("next_observation", "reward", "ends", "charge")
"""Outputs of `step.onnx` before those of the context; `charge` since format 4."""


class _Tensor(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def shape(self) -> tuple[int, ...]: ...
    @property
    def changes(self) -> bool: ...


class _Sizes(Protocol):
    @property
    def format(self) -> int: ...
    @property
    def observation(self) -> tuple[object, ...]: ...
    @property
    def action(self) -> tuple[object, ...]: ...
    @property
    def context(self) -> tuple[_Tensor, ...]: ...
    @property
    def prior(self) -> tuple[str, ...]: ...
    @property
    def window(self) -> int: ...


def next_name(name: str) -> str:
    """The output of `step.onnx` that holds a context tensor for the step after."""
    return f"next_{name}"


def step_inputs(manifest: _Sizes) -> dict[str, tuple[int | None, ...]]:
    """Inputs of `step.onnx` with their shapes, None for N."""
    inputs: dict[str, tuple[int | None, ...]] = {
        "observation": (None, len(manifest.observation)),
        "action": (None, len(manifest.action)),
    }
    return inputs | {tensor.name: tensor.shape for tensor in manifest.context}


def step_outputs(manifest: _Sizes) -> tuple[str, ...]:
    """Outputs of `step.onnx`."""
    names = written_outputs(manifest.context)
    return names if manifest.format >= 4 else tuple(name for name in names if name != "charge")


def written_outputs(context: Iterable[_Tensor]) -> tuple[str, ...]:
    """Outputs of `step.onnx` as exports write it, for a context of these tensors."""
    return (*_STEP_OUTPUTS, *(next_name(tensor.name) for tensor in context if tensor.changes))


def adapt_inputs(manifest: _Sizes) -> dict[str, tuple[int, ...] | None]:
    """Inputs of `adapt.onnx` with their shapes, None where the shape is the prior's own."""
    m, size, actions = manifest.window, len(manifest.observation), len(manifest.action)
    window: dict[str, tuple[int, ...] | None] = {
        "observation": (m, size),
        "action": (m, actions),
        "next_observation": (m, size),
        "mask": (m, 1),
    }
    return window | dict.fromkeys(manifest.prior)


def adapt_outputs(manifest: _Sizes) -> tuple[str, ...]:
    """Outputs of `adapt.onnx`."""
    names = (tensor.name for tensor in manifest.context)
    return (*names, "loss_before", "loss_after", "step_norm")


def value_inputs(manifest: _Sizes) -> dict[str, tuple[int | None, ...]]:
    """Inputs of `value.onnx` with their shapes, None for N."""
    return {"observation": (None, len(manifest.observation))}


def value_outputs() -> tuple[str, ...]:
    """Outputs of `value.onnx`."""
    return ("value",)
