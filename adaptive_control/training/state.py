"""The state of a training run on disk, so that `kill -9` costs minutes and changes nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from safetensors import safe_open
from safetensors.torch import save_file
from torch import Tensor

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.files import atomic_path

__all__ = ["RunState"]


@dataclass
class RunState:
    """How far a run has come.

    Attributes:
        stage: stages finished; see `loop.stages`.
        tensors: the model's weights at the start of the stage, or a whole fit in progress.
        fit: the plain part of a fit in progress, None between fits.
        seconds: wall-clock spent, by kind of stage [s].
        log: rows of the log so far.
    """

    stage: int = 0
    tensors: dict[str, Tensor] = field(default_factory=dict)
    fit: dict[str, Any] | None = None
    seconds: dict[str, float] = field(default_factory=dict)
    log: list[dict[str, Any]] = field(default_factory=list)

    def save(self, path: Path) -> None:
        """Write to `path`, atomically."""
        plain = {n: getattr(self, n) for n in ("stage", "fit", "seconds", "log")}
        with atomic_path(path) as temporary:
            save_file(
                {n: v.detach().contiguous() for n, v in self.tensors.items()},
                temporary,
                metadata={"run": json.dumps(plain)},
            )

    @staticmethod
    def load(path: Path) -> RunState:
        """Read what `save` wrote.

        Raises:
            AdaptiveControlError: the file is damaged.
        """
        try:
            with safe_open(path, framework="pt") as file:
                plain = json.loads((file.metadata() or {})["run"])
                tensors = {n: file.get_tensor(n) for n in file.keys()}  # noqa: SIM118
        except Exception as error:
            raise AdaptiveControlError(
                f"run state {path}: cannot be read ({' '.join(str(error).split())[:120]}); "
                "remove the folder to start the run again"
            ) from error
        return RunState(tensors=tensors, **plain)
