"""Models on disk: one safetensors file, the weights with what they belong to.

Nothing is pickled, and a file is either the whole model or not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.features import FeatureLayout
from adaptive_control.dynamics.registry import make_dynamics
from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import atomic_path
from adaptive_control.methods import METHODS, checked_method
from adaptive_control.pretrained import pretrained_path
from robots import robot_names

__all__ = ["FORMAT", "LoadedModel", "load_model", "load_named", "save_model"]

FORMAT = 2
"""Version of the file's layout; a reader refuses a newer one. Format 1 had no terminal value."""

_VALUE = "value."
"""Before the names of the terminal value's tensors."""


@dataclass(frozen=True)
class LoadedModel:
    """A model and what is known about it.

    Attributes:
        dynamics: the model, in evaluation mode, its parameters frozen.
        robot: name of the robot it was trained for.
        window: M it was trained with.
        metadata: everything else that was saved: training settings, errors, times.
        value: what is to be expected beyond a planner's horizon; None if it was trained without.
    """

    dynamics: Dynamics
    robot: str
    window: int
    metadata: Mapping[str, Any]
    value: TerminalValue | None = None

    @property
    def kind(self) -> str:
        """Family, as users type it."""
        return self.dynamics.kind


def save_model(
    path: Path, dynamics: Dynamics, *, robot: str, window: int, hidden: tuple[int, ...],
    metadata: Mapping[str, Any], value: TerminalValue | None = None,
) -> None:  # fmt: skip
    """Write the model to `path`, atomically.

    Args:
        path: where to; `.safetensors` by convention.
        dynamics: the model.
        robot: name of the robot.
        window: M.
        hidden: widths of the hidden layers, needed to rebuild the model.
        metadata: anything else worth keeping that JSON can hold.
        value: the terminal value, if there is one.
    """
    header = {
        "format": FORMAT,
        "kind": dynamics.kind,
        "robot": robot,
        "window": window,
        "hidden": list(hidden),
        "layout": asdict(dynamics.features.layout),
        "metadata": metadata,
        "value": value is not None,
    }
    tensors = dict(dynamics.state_dict())
    if value is not None:
        tensors |= {f"{_VALUE}{name}": tensor for name, tensor in value.state_dict().items()}
    tensors = {name: tensor.detach().contiguous() for name, tensor in tensors.items()}
    with atomic_path(path) as temporary:
        save_file(tensors, temporary, metadata={"adaptive_control": json.dumps(header)})


def load_model(path: Path, robot: str | None = None, method: str | None = None) -> LoadedModel:
    """Read a model that `save_model` wrote.

    Args:
        path: the file.
        robot: if given, the robot that the model must belong to.
        method: adapt by this method, which must use the weights in the file; if not given, by the
            one that the file was made with.

    Raises:
        AdaptiveControlError: the file is missing, truncated, of a newer format, of another robot
            or method, or its tensors do not fit or are not finite.
    """
    path = Path(path)
    wanted = None if method is None else checked_method(method, "method")
    if not path.is_file():
        raise AdaptiveControlError(f"checkpoint {path}: no such file")
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {})["adaptive_control"])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except Exception as error:
        raise AdaptiveControlError(
            f"checkpoint {path}: truncated or not a model of this project ({_one_line(error)})"
        ) from error
    if header.get("format") not in range(1, FORMAT + 1):
        raise AdaptiveControlError(
            f"checkpoint {path}: format {header.get('format')}, this version reads 1 to {FORMAT}"
        )
    if robot is not None and header["robot"] != robot:
        raise AdaptiveControlError(
            f"checkpoint {path}: trained for robot {header['robot']!r}, not for {robot!r}"
        )
    kind = header.get("kind")
    if kind not in METHODS:
        raise AdaptiveControlError(
            f"checkpoint {path}: method {kind!r} is unknown to this version; "
            f"known: {', '.join(METHODS)}"
        )
    if wanted is not None and kind not in (wanted.name, wanted.checkpoint):
        raise AdaptiveControlError(
            f"checkpoint {path}: holds a {kind} model, not {wanted.checkpoint}"
            + (f", whose weights {wanted.name} uses" if wanted.fitted_as else "")
        )
    for name, tensor in tensors.items():
        if tensor.is_floating_point() and not bool(torch.isfinite(tensor).all()):
            raise AdaptiveControlError(f"checkpoint {path}: {name} holds non-finite values")
    try:
        layout = FeatureLayout(**_tuples(header["layout"]))
        value = _value(layout, tensors) if header.get("value") else None
        dynamics = make_dynamics(method or kind, layout, tuple(header["hidden"]), seed=0)
        dynamics.load_state_dict(tensors)
    except Exception as error:
        raise AdaptiveControlError(
            f"checkpoint {path}: does not fit this version ({_one_line(error)})"
        ) from error
    dynamics.eval().requires_grad_(False)
    return LoadedModel(dynamics, header["robot"], int(header["window"]), header["metadata"], value)


def load_named(text: str, method: str = "", field: str = "checkpoint") -> tuple[LoadedModel, Path]:
    """The model that a path names, or ROBOT/METHOD one that ships; and its file.

    Args:
        text: what the user typed.
        method: adapt by this one, as in `load_model`.
        field: the option's name, for messages.

    Raises:
        AdaptiveControlError: there is none; says what is allowed.
    """
    if not text:
        raise AdaptiveControlError(f"{field}: is missing; a .safetensors file or ROBOT/METHOD")
    if text.endswith(".safetensors"):
        return load_model(Path(text), method=method or None), Path(text)
    robot, slash, kind = text.partition("/")
    if not slash or robot not in robot_names():
        raise AdaptiveControlError(
            f"{field}: {text!r} is neither a .safetensors file nor ROBOT/METHOD "
            f"(robots: {', '.join(robot_names())})"
        )
    path = pretrained_path(robot, checked_method(kind, field).name)
    return load_model(path, robot, method or kind), path


def _value(layout: FeatureLayout, tensors: dict[str, torch.Tensor]) -> TerminalValue:
    """Take the terminal value's tensors out of `tensors` and put them together."""
    names = [name for name in tensors if name.startswith(_VALUE)]
    own = {name.removeprefix(_VALUE): tensors.pop(name) for name in names}
    value = TerminalValue(layout, torch.Generator().manual_seed(0))
    value.load_state_dict(own)
    return value.eval().requires_grad_(False)


def _tuples(layout: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(v) if isinstance(v, list) else v for key, v in layout.items()}


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:160]
