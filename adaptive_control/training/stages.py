"""What a run does, in order."""

from __future__ import annotations

from dataclasses import dataclass

from adaptive_control.training.config import TrainConfig

__all__ = ["Stage", "stages"]


@dataclass(frozen=True)
class Stage:
    """One step of a run: `random`, `fit` or `collect`, in a round (0 is before the first)."""

    kind: str
    round: int


def stages(config: TrainConfig) -> tuple[Stage, ...]:
    """The stages of a run, in order.

    A model that is given collects as it is; one of random weights has to be fitted first.
    """
    count = config.rounds_to_collect
    if config.data is not None and not count:
        return (Stage("fit", 0),)
    first = () if config.data is not None else (Stage("random", 0),)
    rounds = [Stage(k, r) for r in range(1, count + 1) for k in ("fit", "collect")]
    return (*first, *rounds[bool(config.weights) :], Stage("fit", count + 1))
