"""The same file plans on numpy and on torch: same noise, same plan."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from controllers import NoiseSource, make_planner, planner_names

SETTINGS = [(name, {}) for name in planner_names()]
SETTINGS += [
    ("mppi", {"knots": 4}),
    ("cem", {"colour": 1.5, "execute": "best"}),
    ("icem", {"decay": 2.0}),
    ("random-shooting", {"elites": 5}),
]
ARRAYS = ("mean", "std", "returns", "best", "best_returns", "kept", "kept_valid", "action")


def run(planner, problem, low):
    """Two control steps, with some candidates that diverge."""
    robots = 3
    plan = planner.start(robots, low, -low)
    noise = NoiseSource((1, 2, 3))

    def score(actions):
        returns = problem.score(actions)
        returns[:, 5::7] = float("nan")
        returns[1, 2::9] = float("inf")
        returns[2, ::4] = -float("inf")
        return returns

    for _ in range(2):
        plan = planner.shift(plan)
        for _ in range(3):
            drawn = noise.draw(planner.noise_shape(robots, 1), plan.mean)
            plan = planner.improve(plan, score, drawn)
    return plan


@pytest.mark.parametrize(("name", "changes"), SETTINGS)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-9), ("float32", 2e-3)])
def test_numpy_and_torch_agree(name, changes, dtype, tolerance, problem):
    planner = make_planner(name, candidates=60, horizon=problem.horizon, **changes)
    low = np.array([-problem.limit], dtype=dtype)
    on_numpy = run(planner, problem, low)
    on_torch = run(planner, problem, torch.tensor(low))
    for field in ARRAYS:
        ours, theirs = getattr(on_numpy, field), getattr(on_torch, field)
        assert isinstance(theirs, torch.Tensor)
        assert str(ours.dtype) == str(theirs.dtype).removeprefix("torch.")
        np.testing.assert_allclose(
            ours, theirs.numpy(), rtol=0, atol=tolerance * problem.limit, err_msg=field
        )


@pytest.mark.parametrize("name", planner_names())
def test_single_precision_stays_single(name, problem):
    planner = make_planner(name, candidates=60, horizon=problem.horizon)
    plan = run(planner, problem, np.array([-problem.limit], dtype=np.float32))
    for field in ("mean", "std", "returns", "best", "best_returns", "kept", "action"):
        assert getattr(plan, field).dtype == np.float32, field
