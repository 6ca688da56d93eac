"""A bundle's model and agent on numpy."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from adaptive_control.dynamics import Window as TorchWindow
from adaptive_control.dynamics.step_limit import StepLimit
from adaptive_control.planning import PlanningModel, make_agent
from adaptive_control.training.checkpoint import LoadedModel
from controllers import GateConfig, Lookahead, PlannerError, Window, make_planner
from controllers.model import AdaptiveModel
from controllers.window import empty_window
from deploy.errors import DeployError
from deploy.export.write import export_bundle
from deploy.runtime.bundle import Bundle, BundleModel, load_bundle
from deploy.runtime.bundle.parity import check_parity
from tests.deploy.bundles import (
    KINDS,
    ROBOT,
    SPEC,
    WINDOW,
    bundle_path,
    random_model,
    random_value,
    transitions,
    value_for,
)

SLOW = [pytest.param(k, marks=[] if k == "grbal" else [pytest.mark.slow]) for k in KINDS]


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(bundle_path())


@pytest.fixture(scope="module")
def model(bundle: Bundle) -> BundleModel:
    return bundle.model()


def window(filled: int = WINDOW, length: int = WINDOW) -> Window:
    mask = (np.arange(length) >= length - filled).astype(np.float32)[None, :, None]
    slots = (value[None, :length].numpy() for value in transitions().tensors())
    observation, action, following = (np.where(mask > 0, value, 0) for value in slots)
    return Window(observation, action, following, mask)


def rows(count: int) -> tuple[np.ndarray, np.ndarray]:
    data = transitions()
    return data.observation[None, :count], data.action[None, :count]


def test_it_is_what_the_agent_asks_for(model: BundleModel) -> None:
    assert isinstance(model, AdaptiveModel)


def test_an_empty_window_gives_the_prior(model: BundleModel) -> None:
    nothing = empty_window(1, WINDOW, SPEC.observation_size, SPEC.action_size, np.zeros(1, "f4"))
    for adapted, prior in zip(model.adapt(nothing), model.prior_context(1), strict=True):
        assert np.array_equal(adapted, prior)
    assert model.last_adaptation is not None
    assert model.last_adaptation.step_norm == 0


@pytest.mark.parametrize("filled", range(WINDOW + 1))
def test_what_it_says_of_the_adaptation(model: BundleModel, filled: int) -> None:
    """Against torch, by other means than the exported graph."""
    dynamics = random_model("grbal")
    context = model.adapt(window(filled))
    last = model.last_adaptation
    assert last is not None
    assert isinstance(dynamics, StepLimit)
    slots = TorchWindow(*(torch.from_numpy(v[:, WINDOW - filled :]) for v in window(filled)))
    squares = (((c - p) ** 2).sum() for c, p in zip(context, model.prior_context(1), strict=True))
    unlimited = float(dynamics.step_lengths(slots))
    assert last.step_norm == pytest.approx(max(np.sqrt(sum(squares)), unlimited), rel=1e-4)
    inputs, targets = dynamics.normalised(slots)
    for of, loss in ((model.prior_context(1), last.loss_before), (context, last.loss_after)):
        error = dynamics.residual(tuple(map(torch.from_numpy, of)), inputs) - targets
        expected = float((error**2).mean()) if filled else 0.0
        assert loss == pytest.approx(expected, rel=1e-4)


def test_a_shorter_window_is_the_same_evidence(model: BundleModel) -> None:
    short = Window(*(value[:, WINDOW - 3 :] for value in window(3)))
    for a, b in zip(model.adapt(window(3)), model.adapt(short), strict=True):
        assert np.array_equal(a, b)
    with pytest.raises(DeployError, match="window: 6 is more than the bundle's 5"):
        model.adapt(window(6, 6))


@pytest.mark.parametrize("junk", [1e30, np.nan, np.inf])
def test_empty_slots_never_matter(model: BundleModel, junk: float) -> None:
    clean = window(3)
    slots = (np.where(clean.mask > 0, value, np.float32(junk)) for value in clean[:3])
    observation, action, following = slots
    dirty = Window(observation, action, following, clean.mask)
    for a, b in zip(model.adapt(clean), model.adapt(dirty), strict=True):
        assert np.array_equal(a, b)


def test_another_prior_moves_everything(bundle: Bundle, model: BundleModel) -> None:
    moved = bundle.model(tuple(value + 0.01 for value in bundle.prior.tensors))
    for a, b in zip(moved.prior_context(1), model.prior_context(1), strict=True):
        assert not np.array_equal(a, b)
    for a, b in zip(moved.adapt(window()), model.adapt(window()), strict=True):
        assert not np.array_equal(a, b)


def test_other_data_moves_the_context(model: BundleModel) -> None:
    first = model.adapt(window())
    other = window()
    other.next_observation[:, -1] += 0.1
    assert any(not np.array_equal(a, b) for a, b in zip(first, model.adapt(other), strict=True))


def test_adapting_starts_from_the_prior_every_time(model: BundleModel) -> None:
    first = model.adapt(window())
    model.adapt(window(2))
    for a, b in zip(first, model.adapt(window()), strict=True):
        assert np.array_equal(a, b)


def test_any_number_of_candidates(model: BundleModel) -> None:
    context = model.adapt(window())
    alone, _ = model.predict(context, *rows(1))
    together, _ = model.predict(context, *rows(9))
    assert together.shape == (1, 9, SPEC.observation_size)
    np.testing.assert_allclose(together[:, :1], alone, rtol=1e-5, atol=1e-6)
    start, actions = rows(1)[0][:, 0], np.zeros((1, 1, 3, SPEC.action_size), np.float32)
    assert model.returns(context, start, actions).shape == (1, 1)
    assert actions.sum() == 0


def test_a_diverged_candidate_is_reported_and_spares_the_others(model: BundleModel) -> None:
    context, start = model.prior_context(1), rows(1)[0][:, 0]
    actions = np.zeros((1, 4, 3, SPEC.action_size), np.float32)
    healthy = model.returns(context, start, actions)
    actions[0, 2, 1, 0] = np.nan
    found = model.returns(context, start, actions)
    assert np.isnan(found[0, 2])
    assert np.array_equal(found[0, [0, 1, 3]], healthy[0, [0, 1, 3]])


@pytest.mark.parametrize(
    "lookahead",
    [
        Lookahead(),
        Lookahead(terminal=0.5),
        Lookahead(terminal=1.0),
        Lookahead(halve_every=2, fewest=3),
        Lookahead(terminal=1.0, halve_every=1),
        Lookahead(caution=3.0),
        Lookahead(caution=0.0, terminal=0.5),
    ],
    ids=str,
)
def test_returns_and_what_is_expected_beyond_them_are_those_of_torch(
    model: BundleModel, lookahead: Lookahead
) -> None:
    reference = PlanningModel(random_model("grbal"), SPEC, random_value())
    rng = np.random.default_rng(3)
    actions = rng.uniform(-1, 1, (1, 20, 6, SPEC.action_size)).astype(np.float32)
    start, context = rows(1)[0][:, 0], model.adapt(window())
    found = model.returns(context, start, actions, lookahead)
    expected = reference.returns(
        tuple(map(torch.from_numpy, context)), torch.from_numpy(start), torch.from_numpy(actions),
        lookahead,
    )  # fmt: skip
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-3)
    assert np.ptp(model.value(rows(9)[0][0])) > 0
    plain = model.returns(context, start, actions, replace(lookahead, caution=1.0))
    assert (found != plain).any() == (lookahead.caution != 1)


def test_a_bundle_without_terminal_value_says_so(tmp_path: Path) -> None:
    plain = load_bundle(bundle_path("mb"))
    planner = make_planner("cem", candidates=24, horizon=2, terminal=1.0)
    with pytest.raises(DeployError, match="terminal: 1 is not allowed; the bundle has no terminal"):
        plain.agent(planner=planner)
    with pytest.raises(DeployError, match="terminal value: the bundle has none"):
        plain.model().value(rows(1)[0][0])
    model = LoadedModel(random_model("mb"), ROBOT, WINDOW, {})
    with pytest.raises(PlannerError, match="terminal: 1 is not allowed; allowed: 0, as the model"):
        export_bundle(model, SPEC, tmp_path / "b", planner=planner, transitions=transitions())
    assert not list(tmp_path.iterdir())


def test_errors_are_measured_as_in_torch(model: BundleModel) -> None:
    reference = PlanningModel(random_model("grbal"), SPEC)
    data = transitions()
    observed, predicted = data.observation[:1], data.next_observation[3:4]
    expected = reference.error(torch.from_numpy(predicted), torch.from_numpy(observed))
    np.testing.assert_allclose(model.error(predicted, observed), expected.numpy(), rtol=1e-5)


def test_one_robot(model: BundleModel) -> None:
    with pytest.raises(DeployError, match="batch: 2 is not allowed"):
        model.prior_context(2)


@pytest.mark.parametrize("kind", SLOW)
def test_an_agent_lives_as_one_of_torch_does(kind: str) -> None:
    """The same observations, the same seed: the same gate, nearly the same actions."""
    bundle = load_bundle(bundle_path(kind))
    value = value_for(kind)
    terminal = 0.0 if value is None else 1.0
    planner = make_planner("cem", candidates=32, horizon=4, iterations=1, terminal=terminal)
    ours = bundle.agent(seed=4, planner=planner)
    theirs = make_agent(
        random_model(kind), SPEC, planner,
        window=WINDOW, batch=1, seed=4, gate=GateConfig(), value=value,
    )  # fmt: skip
    data = transitions()
    for step in range(WINDOW + 2):
        row = [v[step : step + 1] for v in (data.observation, data.action, data.next_observation)]
        for agent in (ours, theirs):
            agent.observe(*row)
        a, b = ours.act(row[2]), theirs.act(row[2])
        assert bool(a.gate_open[0]) == bool(b.gate_open[0])
        np.testing.assert_allclose(a.prior_error, b.prior_error.numpy(), rtol=1e-3)
        np.testing.assert_allclose(a.adapted_error, b.adapted_error.numpy(), rtol=1e-3)
    assert isinstance(a.action, np.ndarray)
    assert a.action.dtype == np.float32


def test_the_agent_is_as_the_manifest_says(bundle: Bundle) -> None:
    agent = bundle.agent()
    assert agent.planner == bundle.manifest.planner
    assert agent.gate_config == bundle.manifest.gate
    assert agent.window.mask.shape == (1, WINDOW, 1)
    assert bundle.agent(window=2).window.mask.shape == (1, 2, 1)
    for length in (0, WINDOW + 1):
        with pytest.raises(DeployError, match=f"window: {length} is not allowed; 1 to 5"):
            bundle.agent(window=length)


@pytest.mark.parametrize("kind", SLOW)
def test_recorded_transitions_are_predicted_as_torch_did(kind: str) -> None:
    bundle = load_bundle(bundle_path(kind))
    parity = check_parity(bundle)
    assert parity.transitions == 3 * WINDOW
    assert parity.prior <= 1e-5
    assert parity.adapted <= 1e-4
    if not bundle.manifest.adapts:
        assert parity.adapted_error == parity.prior_error


def test_a_recorded_prediction_that_differs_is_refused(bundle: Bundle) -> None:
    golden = {name: value.copy() for name, value in bundle.golden.items()}
    golden["recorded/adapted_prediction"][7, 3] += 0.01
    with pytest.raises(DeployError, match="adapted prediction of recorded transitions is off by"):
        check_parity(_with(bundle, golden))
    del golden["recorded/action"]
    with pytest.raises(DeployError, match="recorded/action is missing"):
        check_parity(_with(bundle, golden))


def _with(bundle: Bundle, golden: dict[str, np.ndarray]) -> Bundle:
    from dataclasses import replace

    return replace(bundle, golden=golden)
