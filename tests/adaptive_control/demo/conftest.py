"""Models that know nothing, quick enough to run the whole demo in a test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from adaptive_control.dynamics import make_dynamics
from adaptive_control.planning import layout_of
from adaptive_control.training import save_model
from robots import get_robot

Checkpoint = Callable[..., Path]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """`(kind, robot="half-cheetah", scale=1.0) -> path` of an untrained model.

    `scale` multiplies the weights: a thousand makes predictions that overflow.
    """
    folder = tmp_path_factory.mktemp("checkpoints")

    def write(kind: str, robot: str = "half-cheetah", scale: float = 1.0) -> Path:
        path = folder / f"{robot}-{kind}-{scale:g}.safetensors"
        if not path.exists():
            seed = sum(kind.encode())  # else all kinds would begin as the same network
            dynamics = make_dynamics(kind, layout_of(get_robot(robot).spec), (8, 8), seed=seed)
            for parameter in dynamics.parameters():
                parameter.data.mul_(scale)
            settings = {"future": 8, "unroll": 4}
            save_model(
                path, dynamics, robot=robot, window=4, hidden=(8, 8),
                metadata={"settings": settings},
            )  # fmt: skip
        return path

    return write
