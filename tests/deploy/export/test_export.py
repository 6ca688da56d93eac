"""Every method becomes a bundle that computes what torch computes; a wrong one is not written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from adaptive_control.dynamics import Window
from adaptive_control.dynamics.rollout import returns
from adaptive_control.training.checkpoint import LoadedModel
from controllers import planner_names
from deploy.errors import DeployError
from deploy.export import graphs, write
from deploy.export.verify import ACTION_TOLERANCE
from deploy.export.write import export_bundle
from deploy.runtime.bundle import load_bundle
from deploy.runtime.bundle.compare import CHANGE_TOLERANCE, STEP_TOLERANCE
from tests.deploy.bundles import (
    KINDS,
    PLANNER,
    ROBOT,
    SPEC,
    WINDOW,
    bundle_path,
    exported,
    random_model,
    transitions,
    value_for,
)

QUICK = ("grbal", "mb", "rebal")
ALL = [pytest.param(k, marks=[] if k in QUICK else [pytest.mark.slow]) for k in KINDS]


@pytest.mark.parametrize("kind", ALL)
def test_every_method_and_planner_is_at_parity(kind: str) -> None:
    _, result = exported(kind)
    assert result.step <= STEP_TOLERANCE
    assert result.change <= CHANGE_TOLERANCE
    assert result.random_change <= CHANGE_TOLERANCE
    assert set(result.action) == set(planner_names())
    assert max(result.action.values()) <= ACTION_TOLERANCE


@pytest.mark.parametrize("kind", ALL)
def test_returns_are_those_of_torch(kind: str) -> None:
    dynamics = random_model(kind)
    model = load_bundle(bundle_path(kind)).model()
    rng = np.random.default_rng(0)
    start = transitions().next_observation[-1:]
    actions = rng.uniform(-1, 1, (1, 7, 6, SPEC.action_size)).astype(np.float32)
    context = model.prior_context(1)
    expected = returns(
        dynamics, SPEC.reward, tuple(map(torch.from_numpy, context)), torch.from_numpy(start),
        torch.from_numpy(actions), caution=SPEC.caution,
    )  # fmt: skip
    found = model.returns(context, start, actions)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("kind", ALL)
def test_graphs_hold_standard_operators_and_no_data_beside_them(kind: str) -> None:
    folder = bundle_path(kind)
    for path in folder.glob("*.onnx"):
        model = onnx.load(str(path), load_external_data=False)
        assert [(o.domain, o.version) for o in model.opset_import] == [("", graphs.OPSET)]
        assert {node.domain for node in model.graph.node} == {""}
        assert not any(tensor.external_data for tensor in model.graph.initializer)
    names = {"manifest.json", "step.onnx", "prior.npz", "golden.npz"}
    adapts = load_bundle(folder).manifest.adapts
    names |= {"adapt.onnx"} if adapts else set()
    names |= {"value.onnx"} if value_for(kind) is not None else set()
    assert {path.name for path in folder.iterdir()} == names


def test_the_prior_is_what_the_unadapted_context_is_made_of() -> None:
    prior = {kind: graphs.prior_parameters(random_model(kind)) for kind in KINDS}
    assert prior["grbal"] == tuple(f"theta.{i}" for i in range(6))
    assert prior["rebal"] == ("first_state", "code_weight")
    assert prior["last-layer"] == ("last",)
    assert prior["mb"] == prior["cadm"] == ()


def test_adapting_is_compared_by_its_change() -> None:
    """The step is small beside the weights: as weights, no step at all would pass."""
    model = load_bundle(bundle_path()).model()
    dynamics = random_model("grbal")
    observation, action, following = (v[None, :WINDOW] for v in transitions().tensors())
    window = Window(observation, action, following, torch.ones(1, WINDOW, 1))
    context = dynamics.adapt(window)
    prior = model.prior_context(1)
    for value, before in zip(context, prior, strict=True):
        assert not np.allclose(value.numpy(), before, rtol=1e-4, atol=1e-6)


def test_a_wrong_gradient_is_refused_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step sizes that are exported are 1 % off."""
    honest = write.adapt_graph

    def wrong(dynamics, *rest):
        other = random_model("grbal")
        with torch.no_grad():
            for value in other.log_step_sizes:  # pyright: ignore
                value.add_(0.01)
        return honest(other, *rest)

    monkeypatch.setattr(write, "adapt_graph", wrong)
    with pytest.raises(DeployError, match=r"adapt\.onnx: context_0 .* is off by 0\.01"):
        export(tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_golden_vectors_that_are_wrong_too_do_not_hide_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Graph and golden vectors agree with each other, and both are wrong."""
    other = random_model("grbal")
    with torch.no_grad():
        for value in other.log_step_sizes:  # pyright: ignore
            value.add_(0.01)
    honest, vectors = write.adapt_graph, write.golden_vectors
    monkeypatch.setattr(write, "adapt_graph", lambda _, *rest: honest(other, *rest))
    monkeypatch.setattr(write, "golden_vectors", lambda _, *rest: vectors(other, *rest))
    with pytest.raises(DeployError, match=r"export: change is off by 0\.01"):
        export(tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_a_frozen_prior_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A graph whose prior is baked in agrees with torch until another prior is given."""
    honest = write.adapt_graph

    def baked(dynamics, window, tensors, parameters):
        model = onnx.load_from_string(honest(dynamics, window, tensors, parameters))
        values = dict(dynamics.named_parameters())
        names = dict(zip(graphs.prior_inputs(parameters), parameters, strict=True))
        for node in model.graph.node:
            for i, name in enumerate(node.input):
                if name in names:
                    node.input[i] = f"baked_{name}"
        for name, parameter in names.items():
            tensor = onnx.numpy_helper.from_array(values[parameter].numpy(), f"baked_{name}")
            model.graph.initializer.append(tensor)
        return model.SerializeToString()

    monkeypatch.setattr(write, "adapt_graph", baked)
    with pytest.raises(DeployError, match="export: random_change is off by"):
        export(tmp_path / "bundle")


def test_an_unfitted_normaliser_is_refused(tmp_path: Path) -> None:
    dynamics = random_model("mb")
    dynamics.target_normalizer.mean.zero_()
    dynamics.target_normalizer.scale.fill_(1.0)
    with pytest.raises(DeployError, match="target_normalizer: was never fitted"):
        export(tmp_path / "bundle", dynamics)


@pytest.mark.parametrize("rate", [float("inf"), float("nan"), 0.0, -1.0])
def test_a_rate_that_no_bundle_can_hold_is_refused_at_once(tmp_path: Path, rate: float) -> None:
    loaded = LoadedModel(random_model("mb"), ROBOT, WINDOW, {})
    with pytest.raises(DeployError, match=r"action_rate: .* allowed: finite, above 0"):
        export_bundle(loaded, SPEC, tmp_path / "bundle", planner=PLANNER, action_rate=rate)
    assert list(tmp_path.iterdir()) == []


def test_a_bundle_is_replaced_but_nothing_else(tmp_path: Path) -> None:
    out = tmp_path / "bundle"
    export(out, random_model("mb"))
    before = load_bundle(out).manifest.files
    export(out, random_model("mb", seed=1))
    assert load_bundle(out).manifest.files != before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]

    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    with pytest.raises(DeployError, match="photos exists and is no bundle"):
        export(tmp_path / "photos", random_model("mb"))
    assert (tmp_path / "photos" / "cat.png").exists()


def test_an_interrupted_export_leaves_the_old_bundle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "bundle"
    export(out, random_model("mb"))
    before = load_bundle(out).manifest.files

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "verify_export", interrupt)
    with pytest.raises(KeyboardInterrupt):
        export(out, random_model("mb", seed=1))
    assert load_bundle(out).manifest.files == before
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]


def export(out: Path, dynamics=None) -> None:
    model = LoadedModel(dynamics or random_model("grbal"), ROBOT, WINDOW, {})
    export_bundle(model, SPEC, out, planner=PLANNER, transitions=transitions())
