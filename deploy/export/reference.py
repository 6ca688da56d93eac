"""What the graphs must compute, by torch: golden vectors, and predictions of a recorded motion."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from adaptive_control.dynamics import Dynamics, Window
from adaptive_control.dynamics.value import TerminalValue
from deploy.export.graphs import AdaptGraph, StepGraph
from deploy.runtime.bundle.golden import CASES
from deploy.runtime.bundle.manifest import ContextTensor
from deploy.runtime.bundle.names import written_outputs
from robots import RobotSpec

__all__ = ["Transitions", "exact_products", "golden_vectors", "recorded_vectors", "windows"]


@dataclass(frozen=True, eq=False)
class Transitions:
    """Consecutive transitions of one robot, `[T, S]`, `[T, A]`, `[T, S]`."""

    observation: np.ndarray
    action: np.ndarray
    next_observation: np.ndarray

    def tensors(self) -> tuple[Tensor, Tensor, Tensor]:
        """The same as torch tensors."""
        arrays = (self.observation, self.action, self.next_observation)
        observation, action, following = (torch.from_numpy(array) for array in arrays)
        return observation, action, following


@contextmanager
def exact_products():
    """Matrix products in full single precision, which a reference needs."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def windows(transitions: Transitions, length: int) -> dict[str, Window]:
    """Windows of `length` M slots without batch dimension, one a case."""
    filled = dict(zip(CASES, (0, (length + 1) // 2, length), strict=True))
    slots = [value[:length] for value in transitions.tensors()]
    result = {}
    for case, count in filled.items():
        mask = (torch.arange(length) >= length - count).float().unsqueeze(-1)
        # Not a product: what stands in an empty slot may be anything but must not be used.
        observation, action, following = (torch.where(mask > 0, v, 0.0) for v in slots)
        result[case] = Window(observation, action, following, mask)
    return result


def golden_vectors(
    dynamics: Dynamics,
    spec: RobotSpec,
    transitions: Transitions,
    window: int,
    tensors: Sequence[ContextTensor],
    value: TerminalValue | None = None,
) -> dict[str, np.ndarray]:
    """What `golden.npz` holds of the graphs, see `deploy.runtime.bundle.golden`.

    Args:
        dynamics: the model.
        spec: the robot.
        transitions: to make the windows of; those after them are what the steps start from.
        window: M.
        tensors: of the context.
        value: the terminal value, if there is one.
    """
    vectors: dict[str, Tensor] = {}
    step, adapt = StepGraph(dynamics, spec), AdaptGraph(dynamics)
    observation, action, _ = (value[window:] for value in transitions.tensors())
    with torch.no_grad(), exact_products():
        for case, slots in windows(transitions, window).items():
            context: tuple[Tensor, ...] = ()
            if dynamics.adapts:
                *adapted, before, after, norm = adapt(*slots)
                context = tuple(adapted)
                outputs = {"loss_before": before, "loss_after": after, "step_norm": norm}
                outputs |= {t.name: v for t, v in zip(tensors, context, strict=True)}
                for name, tensor in (slots._asdict() | outputs).items():
                    vectors[f"adapt/{case}/{name}"] = tensor
            found = step(observation, action, *step.context(context))
            values = {"observation": observation, "action": action}
            values |= dict(zip(written_outputs(tensors), found, strict=True))
            vectors |= {f"step/{case}/{name}": tensor for name, tensor in values.items()}
            if not dynamics.adapts:
                break
        if value is not None:
            vectors |= {"value/observation": observation, "value/value": value(observation)}
    return {name: tensor.numpy().astype(np.float32) for name, tensor in vectors.items()}


def recorded_vectors(
    dynamics: Dynamics, transitions: Transitions, window: int
) -> dict[str, np.ndarray]:
    """What `golden.npz` holds of the recorded transitions, see `deploy.runtime.bundle.parity`.

    Each transition is predicted by the prior, and after adapting from the M before it.
    """
    observation, action, following = transitions.tensors()
    count = len(observation)
    with torch.no_grad(), exact_products():
        before = _windows_before(transitions, window)
        inputs = (observation[:, None], action[:, None])
        prior, _ = dynamics.predict(dynamics.prior_context(count), *inputs)
        adapted, _ = dynamics.predict(dynamics.adapt(before), *inputs)
    values = {
        "observation": observation, "action": action, "next_observation": following,
        "prior_prediction": prior[:, 0], "adapted_prediction": adapted[:, 0],
    }  # fmt: skip
    return {f"recorded/{name}": value.numpy().astype(np.float32) for name, value in values.items()}


def _windows_before(transitions: Transitions, length: int) -> Window:
    """For each of the T transitions the window of those before it, `[T, M, ...]`."""
    count = len(transitions.observation)
    # Row t of the padded arrays is transition t - M, so that window t is rows t to t + M - 1.
    rows = torch.arange(count)[:, None] + torch.arange(length)[None, :]
    mask = (rows >= length).float().unsqueeze(-1)
    padded = (torch.cat([v.new_zeros(length, v.shape[1]), v]) for v in transitions.tensors())
    observation, action, following = (value[rows] for value in padded)
    return Window(observation, action, following, mask)
