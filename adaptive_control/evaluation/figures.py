"""From a recording to the figures that a cell of episodes keeps."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from adaptive_control.episodes import K_STEPS, Recording, k_step_error
from adaptive_control.evaluation.metrics import error_ratio, recovery_steps
from adaptive_control.training.checkpoint import LoadedModel

__all__ = ["episode_figures", "model_error_figures", "speed_curve"]


def episode_figures(
    recording: Recording, fault_step: int | None, scored_from: int
) -> list[dict[str, Any]]:
    """One entry a seed.

    Args:
        recording: T steps of B robots.
        fault_step: first step under the last change; None if nothing changes in mid-episode.
        scored_from: first step that counts for the return.

    Returns:
        Of each: `seed`, `return` (scored part), `return_whole`, `speed_before` and `speed_after`
        the fault [m/s] (None where there is no such part), `recovery_steps` (None: cannot be said;
        -1: never), `fallen`, the one-step model errors `error_before` and `error_after` adapting
        and the share of steps with the gate open, over the scored part.
    """
    speed, reward = recording.speed, recording.reward
    scored = slice(scored_from, None)
    rows = []
    for index, seed in enumerate(recording.seeds):
        before = after = recovery = None
        if fault_step:
            before = float(speed[:fault_step, index].mean())
            after = float(speed[fault_step:, index].mean())
            recovery = recovery_steps(speed[:, index], fault_step, recording.dt)
        rows.append(
            {
                "seed": seed,
                "return": float(reward[scored, index].sum(dtype=np.float64)),
                "return_whole": float(reward[:, index].sum(dtype=np.float64)),
                "speed_before": before,
                "speed_after": after,
                "recovery_steps": -1.0 if recovery == math.inf else recovery,
                "fallen": bool(recording.fallen[:, index].any()),
                "error_before": _finite_mean(recording.error_before[scored, index]),
                "error_after": _finite_mean(recording.error_after[scored, index]),
                "gate_open": float(recording.gate_open[scored, index].mean()),
            }
        )
    return rows


def model_error_figures(
    model: LoadedModel, recording: Recording, fault_step: int | None
) -> dict[str, Any]:
    """Errors on the K transitions after full windows, before adapting and after.

    Returns:
        `before_fault` (only where there is a fault in mid-episode) and `after_fault` (else the
        whole run), each None where no robot ran upright for M + K steps, or: `prior` and `adapted`
        `[K]`, open loop, against how far ahead; `ratio` of their sums; and under `scored` both as
        the meta-objective has them, each transition from its own recorded observation.
    """
    first = fault_step or 0
    figures = {"after_fault": _errors(model, recording, first, recording.steps)}
    if first:
        figures["before_fault"] = _errors(model, recording, 0, first)
    return figures


def speed_curve(recording: Recording) -> dict[str, Any]:
    """Forward speed in each step [m/s]: the median over seeds and the quartiles, `[T]` each.

    Averaged over half a second around each step, a stride being about that long.
    """
    width = max(1, round(0.5 / recording.dt)) | 1
    padded = np.pad(recording.speed, ((width // 2, width // 2), (0, 0)), mode="edge")
    smooth = np.lib.stride_tricks.sliding_window_view(padded, width, axis=0).mean(-1)
    low, middle, high = np.quantile(smooth, (0.25, 0.5, 0.75), axis=1).round(4)
    return {"low": low, "median": middle, "high": high}


def _errors(
    model: LoadedModel, recording: Recording, first: int, last: int
) -> dict[str, Any] | None:
    if last - first < model.window + K_STEPS:
        return None
    if not np.isfinite(recording.observation[first : last + 1]).all():
        return None
    episodes = recording.transitions(first, last)
    error = k_step_error(model.dynamics, episodes, model.window, K_STEPS)
    if error is None:
        return None
    scored = k_step_error(model.dynamics, episodes, model.window, K_STEPS, unroll=1)
    assert scored is not None, "the same windows"
    return {
        "prior": error.before,
        "adapted": error.after,
        "ratio": error_ratio(error.before, error.after),
        "scored": {"prior": float(scored.before.mean()), "adapted": float(scored.after.mean())},
    }


def _finite_mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if known.size else None
