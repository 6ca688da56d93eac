"""Which of the settings tried are worth having: the winner of each class.

Of many settings tried on the same robots, the one that comes out best was also lucky. The best few
of each class therefore meet again, with the default, on new draws of the training perturbations,
and the mean return of that final decides, among those with which no more robots fall than with the
default: a return may pay for falls that nobody wants to see. A setting with a window that the model
was not trained with is chosen only if, in the final, it beats the best one with the trained window
by more than two standard errors of the paired difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from adaptive_control.tune.classes import CLASSES, Classes
from adaptive_control.tune.evaluate import Result
from adaptive_control.tune.search import Tried
from adaptive_control.tune.setting import Setting

__all__ = ["choose", "finalists", "pareto"]

_PER_CLASS = 3
_ERRORS = 2.0


def pareto(tried: Iterable[Tried]) -> list[Tried]:
    """Those that no other beats in both return and p99, fastest first."""
    front: list[Tried] = []
    for one in sorted(tried, key=lambda t: (t.tick.p99_ms, -t.result.mean)):
        if not front or one.result.mean > front[-1].result.mean:
            front.append(one)
    return front


def finalists(
    tried: Sequence[Tried], classes: Classes, default: Setting, trained_window: int
) -> list[Setting]:
    """Who meets again.

    The default; of each class the best, and the best of those that fall no more than the default;
    and their twins of trained window.
    """
    chosen = [default]
    falls = next((t.result.falls for t in tried if t.setting == default), 0)
    for name in CLASSES:
        fit = [t for t in tried if t.tick.p99_ms <= classes.most_ms(name)]
        fit.sort(key=lambda t: -t.result.mean)
        careful = [t for t in fit if t.result.falls <= falls]
        chosen += [t.setting for t in fit[:_PER_CLASS] + careful[:1]]
    twins = [replace(setting, window=trained_window) for setting in chosen]
    return list(dict.fromkeys(chosen + twins))


def choose(
    finals: Mapping[Setting, Result],
    p99_ms: Mapping[Setting, float],
    classes: Classes,
    default: Setting,
    trained_window: int,
) -> dict[str, Setting]:
    """The winner of each class; a class that no finalist is fast enough for is left out.

    Args:
        finals: results of the final.
        p99_ms: of each finalist's tick.
        classes: what belongs to which class.
        default: a finalist; those with which more robots fall win only where all do.
        trained_window: M of the model's training.
    """
    winners = {}
    for name in CLASSES:
        fit = [s for s in finals if p99_ms[s] <= classes.most_ms(name)]
        if fit:
            most = max(finals[default].falls, min(finals[s].falls for s in fit))
            upright = [s for s in fit if finals[s].falls <= most]
            winners[name] = _winner(upright, finals, trained_window)
    return winners


def _winner(fit: Sequence[Setting], finals: Mapping[Setting, Result], trained: int) -> Setting:
    """The highest return; with another window than the training's only if that is clearly ahead."""
    winner = max(fit, key=lambda s: finals[s].mean)
    usual = max((s for s in fit if s.window == trained), key=lambda s: finals[s].mean, default=None)
    if usual is None or usual == winner:
        return winner
    ahead = np.asarray(finals[winner].returns) - np.asarray(finals[usual].returns)
    error = ahead.std(ddof=1) / len(ahead) ** 0.5
    return winner if ahead.mean() > _ERRORS * error else usual
