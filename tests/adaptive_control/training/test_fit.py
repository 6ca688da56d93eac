from __future__ import annotations

import dataclasses
import json

import pytest
import torch

from adaptive_control.dynamics import make_dynamics
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training.config import TrainConfig
from adaptive_control.training.dataset import TaskSampler
from adaptive_control.training.fit import Fit
from tests.adaptive_control.models import ADAPTIVE, FITTED, LAYOUT
from tests.adaptive_control.training.episodes import plant_episodes

CONFIG = TrainConfig(
    window=8, future=8, unroll=2, tasks=16, validate_every=20, hidden=(32, 32), patience=3
)

ENOUGH = {"rebal": (900, 0.8)}
"""Updates, and the share of the prior's error that is left after them, where it is not 400, 0.7."""


def make_fit(kind: str, updates: int, config: TrainConfig = CONFIG):
    dynamics = make_dynamics(kind, LAYOUT, config.hidden, seed=0)
    train, held = plant_episodes(200), plant_episodes(8, seed=1)
    flat = [
        torch.from_numpy(getattr(train, n)).flatten(0, 1)
        for n in ("observation", "action", "next_observation")
    ]
    dynamics.fit_normalizers(*flat)
    tasks, judged = (TaskSampler(part, config.window, config.future) for part in (train, held))
    return dynamics, Fit(dynamics, tasks, judged, config, updates, seed=5)


@pytest.mark.parametrize("kind", [kind for kind in FITTED if kind in ADAPTIVE])
def test_adapting_lowers_the_error_on_unseen_plants(kind):
    updates, share = ENOUGH.get(kind, (400, 0.7))
    _, fit = make_fit(kind, updates, dataclasses.replace(CONFIG, patience=100))
    progress = fit.run(lambda p: None)
    assert progress is not None
    assert progress.best_after < share * progress.before


@pytest.mark.parametrize("kind", FITTED)
def test_a_few_updates_lower_the_error(kind):
    before = []
    _, fit = make_fit(kind, 60)
    progress = fit.run(lambda p: before.append(p.after))
    assert progress is not None
    assert progress.best_after < 0.9 * before[0]


@pytest.mark.parametrize("kind", FITTED)
def test_interrupted_fit_ends_with_the_same_weights(kind):
    whole, fit = make_fit(kind, 80)
    fit.run(lambda p: None)

    class KilledError(Exception):
        pass

    stopped, fit = make_fit(kind, 80)
    saved = []

    def stop(progress):
        tensors, plain = fit.state()
        saved.append(({n: v.clone() for n, v in tensors.items()}, json.dumps(plain)))
        if progress.update == 40:
            raise KilledError

    with pytest.raises(KilledError):
        fit.run(stop)
    resumed, fit = make_fit(kind, 80)
    tensors, plain = saved[-1]
    fit.restore(tensors, json.loads(plain))
    assert fit.update == 40
    fit.run(lambda p: None)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, resumed.state_dict()[name]), name
    different = [not torch.equal(v, stopped.state_dict()[n]) for n, v in whole.state_dict().items()]
    assert any(different)


@pytest.mark.parametrize("kind", FITTED)
def test_matrices_alone_decay(kind):
    """Seen where no gradient is: after one update with and without, all else alike."""
    after = {}
    for decay in (0.0, 0.5):
        dynamics, fit = make_fit(kind, 1, dataclasses.replace(CONFIG, weight_decay=decay))
        before = {n: p.detach().clone() for n, p in dynamics.named_parameters()}
        fit.run(lambda p: None)
        after[decay] = {n: p.detach() for n, p in dynamics.named_parameters()}
    for name, value in before.items():
        is_log = any(part.startswith("log_") for part in name.split("."))
        share = 0.0 if is_log or value.dim() < 2 else 0.5 * CONFIG.learning_rate
        lost = after[0.0][name] - after[0.5][name]
        torch.testing.assert_close(lost, share * value, rtol=1e-3, atol=1e-6)


def test_a_state_of_an_earlier_version_is_refused():
    _, fit = make_fit("mb", 40)
    fit.run(lambda p: None)
    tensors, plain = fit.state()
    assert "adam.theta.0.exp_avg" in tensors
    older = {n.replace("adam.theta.0.", "adam.0."): v for n, v in tensors.items()}
    with pytest.raises(AdaptiveControlError, match=r"state: has moments of '0'.* begin the run"):
        make_fit("mb", 40)[1].restore(older, plain)


def test_fit_stops_early_and_keeps_the_best_weights():
    config = TrainConfig(
        window=8, future=8, unroll=2, tasks=4, validate_every=1, hidden=(4,), patience=2,
        learning_rate=0.5,
    )  # fmt: skip
    dynamics, fit = make_fit("mb", 400, config)
    after = []
    best_weights = {}

    def watch(progress):
        after.append(progress.after)
        if progress.after == min(after):
            best_weights.update({n: v.clone() for n, v in dynamics.state_dict().items()})

    fit.run(watch)
    assert fit.update < 400
    assert min(after[-2:]) > min(after)
    for name, value in dynamics.state_dict().items():
        assert torch.equal(value, best_weights[name])
