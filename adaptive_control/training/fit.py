"""One fit: meta-updates until the post-adaptation validation error stops falling.

The fit is a pure function of (model, episodes, settings, seed): its whole state, optimiser and
random generator included, can be written out between two updates and taken up again, and the
result is the same to the bit.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor

from adaptive_control.dynamics.base import Dynamics
from adaptive_control.dynamics.objective import validation_error
from adaptive_control.dynamics.step_limit import StepLimit
from adaptive_control.dynamics.window import Window
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.mixture import Sampler

__all__ = ["Fit", "Progress"]

_GRADIENT_NORM = 10.0
"""Longer meta-gradients are scaled down to this; a rare contact must not undo an hour's work."""
_VALIDATION_TASKS = 1024
"""With half as many, validations scattered by a tenth and fits stopped on noise."""


@dataclass(frozen=True)
class Progress:
    """What a validation found; errors are squared, in units of the targets' variance."""

    update: int
    updates: int
    train_error: float
    before: float
    after: float
    best_after: float
    updates_per_second: float

    def __str__(self) -> str:
        ratio = self.after / self.before
        return (
            f"error {self.before:.4f} -> {self.after:.4f} (x{ratio:.2f}), "
            f"{self.updates_per_second:.0f} updates/s"
        )


@dataclass
class _Best:
    error: float = math.inf
    misses: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)


class Fit:
    """Fits `dynamics` in place; `state` and `restore` make it resumable.

    Args:
        dynamics: the model, normalisers already fitted.
        train: draws tasks to learn from.
        validation: draws tasks from held-out episodes, for early stopping alone.
        config: settings.
        updates: how many meta-updates at most.
        seed: seed of this fit.
        watch: called now and then with the updates done and the figures of the last validation.
    """

    def __init__(
        self,
        dynamics: Dynamics,
        train: Sampler,
        validation: Sampler,
        config: TrainConfig,
        updates: int,
        seed: int,
        watch: Callable[[int, str], None] = lambda done, figures: None,
    ):
        self._watch = watch
        self._dynamics, self._config, self._updates = dynamics, config, updates
        self._sampler = train
        self._rng = np.random.default_rng(seed)
        self._held_out = self._draw_held_out(validation, seed)
        self._optimizer = torch.optim.AdamW(_parameter_groups(dynamics, config))
        self._best = _Best()
        self.update = 0

    def _draw_held_out(self, validation: Sampler, seed: int) -> tuple[Window, Window]:
        rng = np.random.default_rng(seed + 1)
        return validation.draw(_VALIDATION_TASKS, rng, full_windows=True)

    @property
    def finished(self) -> bool:
        """All updates done, or no improvement for `patience` validations."""
        return self.update >= self._updates or self._best.misses >= self._config.patience

    def run(self, on_validation: Callable[[Progress], None]) -> Progress | None:
        """Fit to the end, then put the best weights back.

        Args:
            on_validation: called after each validation; may save the state, may raise to stop.

        Returns:
            The last validation's figures, None if there was nothing left to do.

        Raises:
            AdaptiveControlError: no validation ever gave a number.
        """
        progress = None
        while not self.finished:
            started, from_update, errors = time.perf_counter(), self.update, []
            until = min(self.update + self._config.validate_every, self._updates)
            while self.update < until:
                errors.append(self._step())
                if self.update % 25 == 0:
                    self._watch(self.update, "" if progress is None else str(progress))
            before, after = self._validate()
            rate = (self.update - from_update) / (time.perf_counter() - started)
            progress = Progress(
                self.update, self._updates, float(torch.stack(errors).mean()),
                before, after, self._best.error, rate,
            )  # fmt: skip
            on_validation(progress)
        if not self._best.weights:
            raise AdaptiveControlError(
                f"fit: no validation in {self.update} updates gave a finite error; allowed: a "
                "smaller learning-rate, or other data"
            )
        self._dynamics.load_state_dict(self._best.weights)
        return progress

    def limit_steps(self) -> None:
        """Give the fitted model the longest gradient step it may take, if it takes any."""
        if isinstance(self._dynamics, StepLimit):
            self._dynamics.limit_steps(self._held_out[0])

    def _step(self) -> Tensor:
        config = self._config
        fraction = self.update / self._updates
        # The second half cools down linearly, the first runs at full speed.
        for group in self._optimizer.param_groups:
            if group["cools"]:
                group["lr"] = config.learning_rate * min(1.0, 2 - 2 * fraction)
        window, future = self._sampler.draw(config.tasks, self._rng)
        loss, error = self._dynamics.loss(
            window, future, unroll=config.unroll, prior_weight=config.prior_weight
        )
        self._optimizer.zero_grad()
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self._dynamics.parameters(), _GRADIENT_NORM)
        if bool(torch.isfinite(norm)):
            self._optimizer.step()
        self.update += 1
        return error

    def _validate(self) -> tuple[float, float]:
        horizon = self._config.future if self._config.future <= 8 else self._horizon()
        before, after = validation_error(self._dynamics, *self._held_out, horizon)
        if after < self._best.error:
            weights = {n: v.clone() for n, v in self._dynamics.state_dict().items()}
            self._best = _Best(after, 0, weights)
        else:
            self._best.misses += 1
        return before, after

    def _horizon(self) -> int:
        """The longest divisor of K up to 8: far enough to show compounding, many segments left."""
        return max(d for d in range(1, 9) if self._config.future % d == 0)

    def state(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Everything needed to go on, as tensors and as JSON."""
        tensors = {f"model.{n}": v for n, v in self._dynamics.state_dict().items()}
        tensors |= {f"best.{n}": v for n, v in self._best.weights.items()}
        order = self._order()
        for index, moments in self._optimizer.state_dict()["state"].items():
            tensors |= {f"adam.{order[index]}.{name}": value for name, value in moments.items()}
        plain: dict[str, Any] = {
            "update": self.update,
            "best_error": None if math.isinf(self._best.error) else self._best.error,
            "misses": self._best.misses,
            "rng": self._rng.bit_generator.state,
        }
        return tensors, plain

    def restore(self, tensors: dict[str, Tensor], plain: dict[str, Any]) -> None:
        """Continue from what `state` returned, on a fit made with the same arguments.

        Raises:
            AdaptiveControlError: an earlier version wrote it.
        """
        named = lambda prefix: {  # noqa: E731
            n.removeprefix(prefix): v for n, v in tensors.items() if n.startswith(prefix)
        }
        self._dynamics.load_state_dict(named("model."))
        moments: dict[int, dict[str, Tensor]] = {}
        order = self._order()
        for name, value in named("adam.").items():
            parameter, _, moment = name.rpartition(".")
            if parameter not in order:
                raise AdaptiveControlError(
                    f"state: has moments of {parameter!r}, which the model has not; an earlier "
                    "version wrote it: begin the run anew, with another --out"
                )
            moments.setdefault(order.index(parameter), {})[moment] = value
        optimizer = self._optimizer.state_dict()
        self._optimizer.load_state_dict({**optimizer, "state": moments})
        error = plain["best_error"]
        self._best = _Best(
            math.inf if error is None else float(error),
            int(plain["misses"]),
            named("best."),
        )
        self._rng.bit_generator.state = plain["rng"]
        self.update = int(plain["update"])

    def _order(self) -> list[str]:
        """Names of the parameters as the optimiser counts them."""
        names = {id(parameter): name for name, parameter in self._dynamics.named_parameters()}
        return [names[id(p)] for group in self._optimizer.param_groups for p in group["params"]]


def _parameter_groups(dynamics: Dynamics, config: TrainConfig) -> list[dict[str, object]]:
    """What is learned through its logarithm, as step sizes are, gets a rate of its own.

    What has two dimensions or more decays: the weights of layers, but also the stacked biases of an
    ensemble `[E, out]`, and the row of biases in the last layer that least squares starts from
    (last-layer, hybrid, combined). A bias is no slope and need not decay; these do because the
    models that ship were fitted so, and would not come out the same without. Other biases do not,
    nor do logarithms, where 0 means 1.
    """
    matrices, vectors, logs = [], [], []
    for name, parameter in dynamics.named_parameters():
        if any(part.startswith("log_") for part in name.split(".")):
            logs.append(parameter)
        else:
            (matrices if parameter.dim() >= 2 else vectors).append(parameter)
    rate, decay = config.learning_rate, config.weight_decay
    groups: list[dict[str, object]] = [
        {"params": matrices, "lr": rate, "weight_decay": decay, "cools": True},
        {"params": vectors, "lr": rate, "weight_decay": 0.0, "cools": True},
        {"params": logs, "lr": config.step_size_rate, "weight_decay": 0.0, "cools": False},
    ]
    return [group for group in groups if group["params"]]
