"""The package of docs/methods.md, as it stands on the page: a method in a file of its own."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from adaptive_control import methods
from adaptive_control.cli.main import main
from adaptive_control.dynamics import DYNAMICS
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import METHODS, method_names
from adaptive_control.training import TrainConfig, load_model, train
from tests.adaptive_control.models import random_window, tiny
from tests.installed import Install, unload, write_package

PAGE = Path(__file__).parents[2] / "docs" / "methods.md"
TINY = "cem:candidates=16,elites=2,horizon=3,iterations=1"


@pytest.fixture
def offset(install: Install, tmp_path: Path) -> Iterator[None]:
    """The package of the page, installed."""
    assert write_package(PAGE, tmp_path, install, "my_rules") == 1
    yield
    unload("my_rules")


uses_offset = pytest.mark.usefixtures("offset")


@uses_offset
def test_it_stands_behind_ours(capsys: pytest.CaptureFixture[str]) -> None:
    assert method_names()[-2:] == ("combined", "offset")
    assert METHODS["offset"].summary == "adds the mean of what the prior missed"
    assert main(["models"]) == 0
    assert "offset" in capsys.readouterr().out


@uses_offset
def test_it_keeps_the_contract() -> None:
    dynamics = tiny("offset")
    empty, full = random_window(2, 5, filled=0), random_window(2, 5)
    (prior,) = dynamics.prior_context(2)
    torch.testing.assert_close(dynamics.adapt(empty)[0], prior)
    assert not torch.allclose(dynamics.adapt(full)[0], prior)
    inputs, targets = dynamics.normalised(full)
    missed = lambda context: (dynamics.residual(context, inputs) - targets).mean(dim=1).abs()  # noqa: E731
    assert bool((missed(dynamics.adapt(full)) < missed((prior,))).all())


@uses_offset
def test_every_command_knows_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Trained, evaluated beside MB, shown beside it, and exported; verification included."""
    models = tmp_path / "models"
    models.mkdir()
    for name in ("mb", "offset"):
        made = train(
            TrainConfig(
                robot="half-cheetah", model=name, out=tmp_path / name, rounds=1, robots=24,
                episode_steps=60, random_batches=2, updates=2, final_updates=2, validate_every=1,
                hidden=(8,), planner=TINY, threads=1,
            )
        )  # fmt: skip
        made.rename(models / f"half-cheetah-{name}.safetensors")
    checkpoint = models / "half-cheetah-offset.safetensors"
    assert load_model(checkpoint).kind == "offset"

    table = tmp_path / "table"
    command = ["evaluate", "--suite", "motors/half-cheetah", "--models", "mb,offset", "--quick",
               "--oracles", "none", "--seeds", "2", "--steps", "20", "--planner", TINY,
               "--checkpoints", str(models), "--workers", "1", "--out", str(table)]  # fmt: skip
    assert main(command) == 0
    assert "| offset |" in (table / "table.md").read_text()

    demo = tmp_path / "demo"
    command = ["demo", "--model", "offset", "--checkpoint", str(checkpoint), "--planner", TINY,
               "--seconds", "2", "--no-video", "--out", str(demo)]  # fmt: skip
    assert main(command) == 0
    assert '"offset"' in (demo / "metrics.json").read_text()

    bundle = tmp_path / "offset.bundle"
    assert main(["export", str(checkpoint), "--planner", TINY, "--out", str(bundle)]) == 0
    assert main(["verify", str(bundle)]) == 0


RULE = "from adaptive_control.methods import Method\nMETHOD = "


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("", "method 'new': cannot load other_rules:METHOD: module 'other_rules' has no"),
        ("METHOD = 3", "method 'new': other_rules:METHOD is no Method"),
        (RULE + "Method('other', '', '', '')", "other_rules:METHOD calls itself 'other'"),
        (
            RULE + "Method('new', '', '', '', fitted_as='mb-de')",
            "method 'new': fitted_as=mb-de is not fitted itself; allowed: mb, grbal, ",
        ),
        (RULE + "Method('new', '', '', '', fitted_as='mbb')", "fitted_as=mbb is not fitted"),
    ],
)
def test_what_is_no_method_is_refused_and_ours_still_work(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, message: str
) -> None:
    (tmp_path / "other_rules.py").write_text(source)
    monkeypatch.delitem(sys.modules, "other_rules", raising=False)
    install("other", {methods.METHOD_GROUP: {"new": "other_rules:METHOD"}})
    with pytest.raises(AdaptiveControlError, match=re.escape(message)):
        method_names()
    assert DYNAMICS["mb"].kind == "mb"


def test_a_method_of_the_same_name_is_refused(install: Install) -> None:
    install("other", {methods.METHOD_GROUP: {"mb": "adaptive_control.methods:METHODS"}})
    with pytest.raises(AdaptiveControlError, match="is there already; allowed: another name"):
        method_names()


@pytest.mark.parametrize(
    ("implementation", "message"),
    [
        ("no_such_rules:New", "method 'new': cannot load no_such_rules:New: No module named"),
        ("json:New", "method 'new': cannot load json:New: module 'json' has no attribute 'New'"),
        ("json:loads", "method 'new': json:loads is no class with kind='new'"),
        (".mb:MB", "method 'new': .mb:MB is no class with kind='new'"),
        ("mb.MB", "method 'new': implementation='mb.MB'"),
    ],
)
def test_a_class_that_cannot_be_used_is_refused(
    install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    implementation: str, message: str,
) -> None:  # fmt: skip
    (tmp_path / "other_rules.py").write_text(RULE + f"Method('new', '', '', {implementation!r})")
    monkeypatch.delitem(sys.modules, "other_rules", raising=False)
    install("other", {methods.METHOD_GROUP: {"new": "other_rules:METHOD"}})
    with pytest.raises(AdaptiveControlError, match=re.escape(message)):
        DYNAMICS["new"]
