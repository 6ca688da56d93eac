"""A model as ONNX graphs: one control step, adapting from the window, and the terminal value.

The gradient step is traced with `make_fx` before it is exported, which turns `torch.func.grad` into
plain operations. The prior enters as inputs: those parameters that the context without adaptation
is made of, whatever the method. Nothing here knows one method from another.
"""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any

import onnx
import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from adaptive_control.dynamics import Context, Dynamics, Window
from adaptive_control.dynamics.rollout import planned_step
from adaptive_control.dynamics.value import TerminalValue
from deploy.errors import DeployError
from deploy.runtime.bundle.manifest import ContextTensor
from deploy.runtime.bundle.names import written_outputs
from robots import RobotSpec

__all__ = [
    "OPSET", "AdaptGraph", "StepGraph", "adapt_graph", "context_tensors", "prior_inputs",
    "prior_parameters", "step_graph", "value_graph",
]  # fmt: skip

OPSET = 18
"""Of both graphs: the newest that the exporter writes without converting, and old enough for any
ONNX Runtime of the last years."""


class StepGraph(torch.nn.Module):
    """`(observation [N, S], action [N, A], context...)` -> `(next, reward, ends, charge, ...)`."""

    def __init__(self, dynamics: Dynamics, spec: RobotSpec) -> None:
        super().__init__()
        self.dynamics = dynamics
        self._spec = spec

    def forward(self, observation: Tensor, action: Tensor, *context: Tensor) -> tuple[Tensor, ...]:
        """One control step, batch dimensions of 1 left out."""
        alone = self.dynamics.alone
        rows = (observation, action) if alone else (observation[None], action[None])
        following, reward, charge, ends, later = planned_step(
            self.dynamics, self._spec.reward, context, *rows, self._spec.caution
        )
        charge = torch.zeros_like(reward) if charge is None else charge
        ends = torch.zeros_like(reward) if ends is None else ends
        changed = [new for new, old in zip(later, context, strict=True) if new is not old]
        outputs = following, reward, ends, charge
        return *(outputs if alone else (value[0] for value in outputs)), *changed

    def context(self, adapted: Context) -> Context:
        """The context as `forward` takes it, from one robot's `[1, ...]`."""
        return _step_context(self.dynamics, adapted)


class AdaptGraph(torch.nn.Module):
    """`(window..., mask)` -> `(context..., loss_before, loss_after, step_norm)`."""

    def __init__(self, dynamics: Dynamics) -> None:
        super().__init__()
        self.dynamics = dynamics

    def forward(
        self, observation: Tensor, action: Tensor, next_observation: Tensor, mask: Tensor
    ) -> tuple[Tensor, ...]:
        """Adapt from `[M, ...]`, batch dimensions of 1 left out of the window alone."""
        dynamics = self.dynamics
        window = Window(observation[None], action[None], next_observation[None], mask[None])
        prior = dynamics.prior_context(1)
        context, unlimited = dynamics.adapt_and_tell(window)
        inputs, targets = dynamics.normalised(window)
        used = mask.sum().clamp_min(1.0)

        def loss(of: Context) -> Tensor:
            error = (dynamics.residual(of, inputs) - targets) * window.mask
            return (error**2).mean(-1).sum() / used

        squares = [((c - p) ** 2).sum() for c, p in zip(context, prior, strict=True)]
        norm = torch.stack(squares).sum().sqrt()
        if unlimited is not None:  # the gate is to know how far the step would have led
            norm = torch.maximum(norm, unlimited[0])
        return *context, loss(prior), loss(context), norm


def _step_context(dynamics: Dynamics, adapted: Context) -> Context:
    return tuple(value[0] for value in adapted) if dynamics.alone else adapted


def context_tensors(dynamics: Dynamics) -> tuple[ContextTensor, ...]:
    """The context's tensors as the manifest names them."""
    context = dynamics.prior_context(1)
    layout = dynamics.features.layout
    observation = torch.zeros(1, 2, layout.observation_size)
    action = torch.zeros(1, 2, layout.action_size)
    _, later = dynamics.predict(context, observation, action)
    return tuple(
        ContextTensor(f"context_{i}", tuple(taken.shape), new is not old)
        for i, (taken, old, new) in enumerate(
            zip(_step_context(dynamics, context), context, later, strict=True)
        )
    )


def prior_parameters(dynamics: Dynamics) -> tuple[str, ...]:
    """Names of the parameters that the context without adaptation is made of."""
    trained = dict(dynamics.named_parameters())
    with torch.enable_grad():
        # Detached copies, so that frozen parameters (as after loading) take part.
        leaves = {name: p.detach().clone().requires_grad_() for name, p in trained.items()}
        graph = _PriorContext(dynamics)
        context = torch.func.functional_call(
            graph, {f"dynamics.{n}": p for n, p in leaves.items()}, ()
        )
        total = sum(value.sum() for value in context if value.requires_grad)
        if not isinstance(total, Tensor):
            return ()
        gradients = torch.autograd.grad(total, list(leaves.values()), allow_unused=True)
    return tuple(n for n, g in zip(leaves, gradients, strict=True) if g is not None)


class _PriorContext(torch.nn.Module):
    def __init__(self, dynamics: Dynamics) -> None:
        super().__init__()
        self.dynamics = dynamics

    def forward(self) -> Context:
        return self.dynamics.prior_context(1)


def step_graph(dynamics: Dynamics, spec: RobotSpec, tensors: Sequence[ContextTensor]) -> bytes:
    """`step.onnx`."""
    module = StepGraph(dynamics, spec).eval()
    context = tuple(v.detach().clone() for v in module.context(dynamics.prior_context(1)))
    observation = torch.zeros(3, spec.observation_size)
    action = torch.zeros(3, spec.action_size)
    rows = torch.export.Dim("N", min=1)
    shapes: dict[str, Any] = {"observation": {0: rows}, "action": {0: rows}}
    if context:
        shapes["context"] = tuple(None for _ in context)
    return _export(
        module,
        (observation, action, *context),
        ["observation", "action", *(t.name for t in tensors)],
        list(written_outputs(tensors)),
        shapes,
    )


def value_graph(value: TerminalValue, spec: RobotSpec) -> bytes:
    """`value.onnx`: `observation [N, S]` -> `value [N]`."""
    shapes = {"observation": {0: torch.export.Dim("N", min=1)}}
    observation = torch.zeros(3, spec.observation_size)
    return _export(value.eval(), (observation,), ["observation"], ["value"], shapes)


def adapt_graph(
    dynamics: Dynamics, window: int, tensors: Sequence[ContextTensor], prior: Sequence[str]
) -> bytes:
    """`adapt.onnx` for a window of M slots."""
    module = AdaptGraph(dynamics).eval()
    parameters = dict(dynamics.named_parameters())
    layout = dynamics.features.layout
    widths = (layout.observation_size, layout.action_size, layout.observation_size, 1)
    slots = tuple(torch.ones(window, width) for width in widths)

    def adapt(*values: Tensor) -> tuple[Tensor, ...]:
        given = {f"dynamics.{n}": v for n, v in zip(prior, values[4:], strict=True)}
        return torch.func.functional_call(module, given, values[:4])

    example = (*slots, *(parameters[name].detach().clone() for name in prior))
    with torch.no_grad():
        traced = make_fx(adapt)(*example)
    names = ["observation", "action", "next_observation", "mask", *prior_inputs(prior)]
    outputs = [*(t.name for t in tensors), "loss_before", "loss_after", "step_norm"]
    return _export(traced, example, names, outputs, None)


def prior_inputs(parameters: Sequence[str]) -> tuple[str, ...]:
    """The inputs of `adapt.onnx` that hold these parameters."""
    return tuple(f"prior_{name.replace('.', '_')}" for name in parameters)


def _export(
    module: torch.nn.Module, example: tuple[Tensor, ...], inputs: list[str], outputs: list[str],
    dynamic_shapes: Any,
) -> bytes:  # fmt: skip
    with _quiet(), torch.no_grad():
        captured = torch.export.export(module, example, dynamic_shapes=dynamic_shapes, strict=False)
        program = torch.onnx.export(
            captured, dynamo=True, opset_version=OPSET, input_names=inputs, output_names=outputs,
            external_data=False, verbose=False,
        )  # fmt: skip
    assert program is not None
    model = program.model_proto
    _check_standard(model)
    onnx.checker.check_model(model, full_check=True)
    return model.SerializeToString()


def _check_standard(model: onnx.ModelProto) -> None:
    """Refuse a graph that an ONNX Runtime elsewhere, from C++ or on ARM, might not load."""
    for opset in model.opset_import:
        if opset.domain not in ("", "ai.onnx") or opset.version != OPSET:
            raise DeployError(
                f"graph: needs {opset.domain or 'ai.onnx'} {opset.version}, not {OPSET}"
            )
    if model.functions:
        raise DeployError(f"graph: holds local functions ({model.functions[0].name})")
    for node in model.graph.node:
        if node.domain not in ("", "ai.onnx"):
            raise DeployError(f"graph: operator {node.domain}.{node.op_type} is not standard")


@contextmanager
def _quiet():
    """The exporter speaks of its own insides; what matters is checked afterwards."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
