"""Small bundles for tests, each exported once a process."""

from __future__ import annotations

import shutil
import tempfile
from functools import cache
from pathlib import Path

import torch

from adaptive_control.dynamics import Dynamics, Window, make_dynamics
from adaptive_control.dynamics.step_limit import StepLimit
from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.methods import method_names
from adaptive_control.planning import layout_of
from adaptive_control.training.checkpoint import LoadedModel
from controllers import parse_planner
from deploy.export.record import record_transitions
from deploy.export.reference import Transitions
from deploy.export.verify import Verification
from deploy.export.write import export_bundle
from robots import get_robot

ROBOT = "half-cheetah"
SPEC = get_robot(ROBOT).spec
WINDOW = 5
KINDS = method_names()
PLANNER = parse_planner("cem:candidates=24,horizon=4,iterations=2,elites=4")


@cache
def transitions() -> Transitions:
    return record_transitions(ROBOT, 3 * WINDOW)


def _windows() -> Window:
    """Some of these transitions, one after the other."""
    observation, action, following = (
        value[: 2 * WINDOW].reshape(2, WINDOW, -1) for value in transitions().tensors()
    )
    return Window(observation, action, following, torch.ones(2, WINDOW, 1))


def random_model(kind: str, seed: int = 0) -> Dynamics:
    """Random weights everywhere, statistics of real data; every file differs between seeds."""
    dynamics = make_dynamics(kind, layout_of(SPEC), (16, 16), seed)
    generator = torch.Generator().manual_seed(seed + 1)
    with torch.no_grad():
        for name, parameter in dynamics.named_parameters():
            if "log_" in name:
                parameter.add_(0.1 * seed)
            else:
                parameter.add_(0.1 * torch.randn(parameter.shape, generator=generator))
    dynamics.fit_normalizers(*((1 + 0.1 * seed) * value for value in transitions().tensors()))
    if isinstance(dynamics, StepLimit):
        dynamics.limit_steps(_windows())
        dynamics.step_limit.mul_(2)  # met in some of what exports are checked with, not in all
    return dynamics.eval().requires_grad_(False)


def random_value(seed: int = 0) -> TerminalValue:
    """A terminal value with random weights and statistics of real data."""
    generator = torch.Generator().manual_seed(seed)
    value = TerminalValue(layout_of(SPEC), generator, hidden=(16,))
    observation, _, _ = transitions().tensors()
    value.normalizer.fit(value.features.state((1 + 0.1 * seed) * observation))
    value.mean.fill_(5.0)
    return value.eval().requires_grad_(False)


def value_for(kind: str, seed: int = 0) -> TerminalValue | None:
    """What the bundle of a kind has; MB's has none."""
    return None if kind == "mb" else random_value(seed)


@cache
def _folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="bundles-")


def exported(kind: str, seed: int = 0) -> tuple[Path, Verification]:
    """A bundle of `random_model`, and its verification. Not to be changed: see `copy_of`."""
    return _exported(kind, seed)


@cache
def _exported(kind: str, seed: int) -> tuple[Path, Verification]:
    out = Path(_folder().name) / f"{kind}-{seed}"
    model = LoadedModel(random_model(kind, seed), ROBOT, WINDOW, {}, value_for(kind, seed))
    result = export_bundle(model, SPEC, out, planner=PLANNER, transitions=transitions())
    return out, result


def bundle_path(kind: str = "grbal", seed: int = 0) -> Path:
    return exported(kind, seed)[0]


def copy_of(folder: Path, where: Path) -> Path:
    """A copy that a test may damage."""
    return Path(shutil.copytree(folder, where / "bundle"))
