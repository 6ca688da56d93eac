"""What an ablation changes, and that it changes nothing else."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from adaptive_control.dynamics.grbal import GrBAL
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.config import ABLATIONS, EvaluateConfig
from adaptive_control.evaluation.variants import ablated, ablation_variants, gate_of
from adaptive_control.training.checkpoint import LoadedModel
from controllers import load_planner
from tests.adaptive_control.models import random_window, tiny, tiny_grbal

PLANNER = "cem:candidates=100,horizon=12,iterations=2"


def model(kind: str = "grbal") -> LoadedModel:
    dynamics = tiny_grbal() if kind == "grbal" else tiny(kind)
    if isinstance(dynamics, GrBAL):
        with torch.no_grad():  # step sizes that differ, as learned ones do
            for index, log in enumerate(dynamics.log_step_sizes):
                log.add_(0.1 * index)
    return LoadedModel(dynamics, "half-cheetah", 16, {})


def moved(loaded: LoadedModel) -> list[bool]:
    """Which parameters adapting moves: weights and biases of each layer in turn."""
    context = loaded.dynamics.adapt(random_window(2, 4))
    prior = loaded.dynamics.prior_context(2)
    return [not torch.equal(new, old) for new, old in zip(context, prior, strict=True)]


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ("first", [True, True, False, False, False, False]),
        ("last", [False, False, False, False, True, True]),
        ("all but last", [True, True, True, True, False, False]),
    ],
)
def test_only_the_layers_that_are_named_adapt(layers: str, expected: list[bool]):
    assert moved(model()) == [True] * 6
    assert moved(ablated(model(), {"layers": layers})) == expected


def test_the_model_that_was_given_stays_as_it_was():
    given = model()
    before = [log.clone() for log in given.dynamics.parameters()]
    changed = ablated(given, {"step_sizes": "equal", "inner_steps": 3, "window": 8})
    assert all(torch.equal(a, b) for a, b in zip(before, given.dynamics.parameters(), strict=True))
    assert (given.window, changed.window) == (16, 8)


def test_equal_step_sizes_are_the_geometric_mean():
    given = model()
    assert isinstance(given.dynamics, GrBAL)
    changed = ablated(given, {"step_sizes": "equal"}).dynamics
    assert isinstance(changed, GrBAL)
    logs = torch.cat([log.flatten() for log in given.dynamics.log_step_sizes])
    for log in changed.log_step_sizes:
        assert torch.allclose(log, logs.mean())


def test_more_inner_steps_go_further():
    window = random_window(2, 4)
    once, twice = (ablated(model(), {"inner_steps": n}).dynamics.adapt(window)[0] for n in (1, 2))
    assert not torch.equal(once, twice)


@pytest.mark.parametrize("test", [{"layers": "last"}, {"step_sizes": "equal"}, {"inner_steps": 2}])
def test_what_a_method_has_not_cannot_be_varied(test: dict):
    with pytest.raises(AdaptiveControlError, match=r"in rebal; allowed: .*grbal"):
        ablated(model("rebal"), test)


@pytest.mark.parametrize(
    ("method", "group"),
    [
        ("gbml", "layers"),  # its rules move every layer, whatever the step sizes
        ("combined", "layers"),  # least squares move the first and the last
        ("combined", "step-sizes"),
        ("combined", "inner-steps"),
        ("mb", "inner-steps"),
    ],
)
def test_an_ablation_that_would_measure_something_else_is_refused_before_anything_runs(
    method: str, group: str
):
    config = EvaluateConfig(ablate_model=method, ablate=group)
    with pytest.raises(AdaptiveControlError, match=f"ablate: {group} cannot be varied in {method}"):
        ablation_variants(config, PLANNER)


def test_other_horizons_keep_a_spline_as_dense():
    config = EvaluateConfig(ablate="H")
    found = ablation_variants(config, "mppi:horizon=16,knots=8")
    knots = {load_planner(v.test["planner"]).horizon: v.test["planner"] for v in found}
    assert set(knots) == {5, 10, 15, 20, 30}
    assert "knots=2" in knots[5]
    assert "knots=15" in knots[30]


def test_all_that_is_asked_for_is_varied_with_as_many_evaluations():
    found = ablation_variants(EvaluateConfig(ablate="all"), PLANNER)
    assert {variant.group for variant in found} == set(ABLATIONS)
    assert len({variant.name for variant in found}) == len(found)
    chosen = load_planner(PLANNER)
    for variant in found:
        gate_of(variant.test)
        if variant.group == "planner":
            other = load_planner(variant.test["planner"])
            assert other.name != chosen.name
            assert other.horizon == chosen.horizon
    only_fits = [variant for variant in found if variant.fit is not None]
    assert {variant.group for variant in only_fits} == {"K", "step-sizes"}
    assert ablation_variants(EvaluateConfig(), PLANNER) == ()


def evaluations(text: str) -> int:
    """Candidates that a planner tries in a control step, counted as it is built."""
    planner = load_planner(text)
    start = planner.start(1, np.array([-1.0]), np.array([1.0]))
    tried: list[int] = []

    def score(actions: np.ndarray) -> np.ndarray:
        tried.append(actions.shape[1])
        return actions[..., 0].sum(-1)

    for _ in range(planner.iterations):
        start = planner.improve(start, score, np.zeros(planner.noise_shape(1, 1)))
    return sum(tried)


@pytest.mark.parametrize(
    "planner",
    [
        PLANNER, "cem", "icem", "icem:candidates=333,decay=2,iterations=4", "mppi:iterations=5",
        "random-shooting:candidates=90,iterations=1", "cem:candidates=8,elites=2,iterations=1",
    ],
)  # fmt: skip
def test_other_planners_have_as_many_evaluations(planner: str):
    found = ablation_variants(EvaluateConfig(ablate="planner"), planner)
    assert len(found) == 3
    for variant in found:
        rounding = load_planner(variant.test["planner"]).iterations
        assert abs(evaluations(variant.test["planner"]) - evaluations(planner)) <= rounding


def test_the_gate_is_what_was_asked_for():
    assert gate_of({}) is None
    closed = gate_of({"gate": "closed"})
    assert closed is not None
    assert closed.mode == "closed"
