"""Parity on recorded transitions: the bundle lives through a motion and must predict as torch did.

`recorded/observation` [T, S], `recorded/action` [T, A], `recorded/next_observation` [T, S] are
consecutive transitions of one robot; `recorded/prior_prediction` [T, S] is what the prior
predicted, `recorded/adapted_prediction` [T, S] what was predicted after adapting from the M before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from controllers.window import append, empty_window
from deploy.errors import DeployError
from deploy.runtime.bundle.compare import STEP_TOLERANCE, relative_error
from deploy.runtime.bundle.load import Bundle
from deploy.runtime.bundle.names import GOLDEN

__all__ = ["ADAPTED_TOLERANCE", "Parity", "check_parity"]

ADAPTED_TOLERANCE = 1e-4
"""Greatest relative error of a prediction after adapting."""


@dataclass(frozen=True)
class Parity:
    """How a bundle did on its recorded transitions.

    Attributes:
        transitions: how many there are.
        prior: greatest relative difference from torch's prediction by the prior.
        adapted: the same after adapting.
        prior_error: mean squared error of the prior's predictions, in units of variance.
        adapted_error: the same after adapting.
    """

    transitions: int
    prior: float
    adapted: float
    prior_error: float
    adapted_error: float


def check_parity(bundle: Bundle) -> Parity:
    """Predict every recorded transition and compare.

    Raises:
        DeployError: transitions are missing, or a prediction differs; says by how much.
    """
    names = ("observation", "action", "next_observation", "prior_prediction", "adapted_prediction")
    values = {name: _recorded(bundle, name) for name in names}
    model, manifest = bundle.model(), bundle.manifest
    sizes = (len(manifest.observation), len(manifest.action))
    window = empty_window(1, manifest.window, *sizes, values["observation"])
    prior, adapted = [], []
    for step in range(len(values["observation"])):
        row = (values[name][step : step + 1] for name in names[:3])
        observation, action, following = row
        for context, predictions in (
            (model.prior_context(1), prior),
            (model.adapt(window), adapted),
        ):
            predicted, _ = model.predict(context, observation[:, None], action[:, None])
            predictions.append(predicted[0, 0])
        window = append(window, observation, action, following)
    found = {"prior_prediction": np.stack(prior), "adapted_prediction": np.stack(adapted)}
    limits = {"prior_prediction": STEP_TOLERANCE, "adapted_prediction": ADAPTED_TOLERANCE}
    errors = {name: relative_error(found[name], values[name]) for name in found}
    for name, error in errors.items():
        if not error <= limits[name]:
            raise DeployError(
                f"bundle {bundle.path}: {name.replace('_', ' ')} of recorded transitions is off by "
                f"{error:.2g}; allowed: {limits[name]:g}"
            )
    actual = values["next_observation"]
    return Parity(
        transitions=len(actual),
        prior=errors["prior_prediction"],
        adapted=errors["adapted_prediction"],
        prior_error=float(model.error(found["prior_prediction"], actual).mean()),
        adapted_error=float(model.error(found["adapted_prediction"], actual).mean()),
    )


def _recorded(bundle: Bundle, name: str) -> np.ndarray:
    key, golden = f"recorded/{name}", bundle.golden
    if key not in golden or golden[key].ndim != 2 or not len(golden[key]):
        raise DeployError(f"bundle {bundle.path}: {GOLDEN}: {key} is missing")
    return golden[key]
