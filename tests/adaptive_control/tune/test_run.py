"""Whole studies on the half-cheetah, tiny but real."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from adaptive_control.demo.config import DemoConfig
from adaptive_control.demo.prepare import prepare as prepare_demo
from adaptive_control.dynamics import make_dynamics
from adaptive_control.planning import layout_of
from adaptive_control.training import LoadedModel, save_model
from adaptive_control.training.report import SilentReporter
from adaptive_control.tune import measure
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.latency import LatencyTable
from adaptive_control.tune.measure import AgentFactory, torch_agents
from adaptive_control.tune.run import prepare, tune
from controllers import load_planner
from robots import Robot, get_robot
from tests.adaptive_control.tune.conftest import TABLE

Small = Callable[..., TuneConfig]


def no_agents(checkpoint: Path, model: LoadedModel, robot: Robot) -> tuple[AgentFactory, str]:
    raise AssertionError("nothing is measured where there is a profile")


def in_torch(checkpoint: Path, model: LoadedModel, robot: Robot) -> tuple[AgentFactory, str]:
    return torch_agents(model, robot), "torch"


def figures(config: TuneConfig) -> str:
    """All figures of a study but wall-clock times, of which there are none in here."""
    tune(config, SilentReporter(), no_agents)
    return (config.folder / "pareto.json").read_text()


def test_a_study_from_end_to_end(small: Small) -> None:
    config = small()
    tuned = tune(config, SilentReporter(), no_agents)
    names = {path.name for path in config.folder.iterdir()}
    assert {"pareto.md", "pareto.json", "pareto.png", "horizon.png", "tuned.json"} <= names
    assert {"planner.toml", "check.json", "config.json", "latency.json", "study.journal"} <= names

    planner = load_planner(config.folder / "planner.toml")
    assert planner == tuned.winners["best"].parsed
    prepare_demo(DemoConfig(planner=str(config.folder / "planner.toml")))  # accepts it

    pareto = json.loads((config.folder / "pareto.json").read_text())
    assert pareto["evaluated"] == 4
    assert len(pareto["front"]) <= len(pareto["tried"])
    assert {row["horizon"] for row in pareto["horizon"]["return"]} <= {2, 6}
    assert len(pareto["horizon"]["error_after_adapting"]) == 6
    check = json.loads((config.folder / "check.json").read_text())
    assert set(check["settings"]) == {"default", *tuned.winners}
    assert check["settings"]["default"]["ratio"] in (1.0, None)
    assert check["settings"]["best"]["planner"] == tuned.winners["best"].planner
    assert tuned.report == (config.folder / "pareto.md").read_text()
    assert "## Held-out perturbations" in tuned.report
    for words in tuned.warnings:
        assert words in tuned.report


def test_a_finished_study_goes_on_with_its_own_model_and_latencies(
    small: Small, profile: Path
) -> None:
    config = small(check=False)
    before = figures(config)
    evaluations = sorted((config.folder / "evaluations").iterdir())
    stamps = [path.stat().st_mtime_ns for path in evaluations]
    profile.write_text(profile.read_text().replace("3.9", "1.9"))
    assert figures(replace(config, resume=True)) == before
    assert sorted((config.folder / "evaluations").iterdir()) == evaluations
    assert [path.stat().st_mtime_ns for path in evaluations] == stamps  # nothing ran again


def test_latencies_are_measured_where_there_is_no_profile(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine may take longer than any control period; what is measured has its own test.
    monkeypatch.setattr(measure, "measure_table", lambda *_: TABLE)
    monkeypatch.setattr(measure, "_TICKS", 2)
    config = prepare(replace(small(planners=("mppi",), sweep=0, trials=2), profile=None))
    tune(config, SilentReporter(), in_torch)
    assert LatencyTable.load(config.folder / "latency.json") == TABLE
    check = json.loads((config.folder / "check.json").read_text())
    assert all(row["measured"]["p99_ms"] > 0 for row in check["settings"].values())


@pytest.mark.slow
def test_a_model_that_does_not_adapt_is_tuned_as_well(small: Small) -> None:
    config = small(model="mb", check=False, sweep=0)
    tuned = tune(config, SilentReporter(), no_agents)
    assert {setting.window for setting in tuned.winners.values()} == {16}
    pareto = json.loads((config.folder / "pareto.json").read_text())
    assert pareto["horizon"]["return"] == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"robot": "dog"}, "dog"),
        ({"default": "chess"}, "chess"),
        ({"planners": ("chess",)}, "planners: 'chess' is unknown"),
        ({"checkpoint": Path("nowhere.safetensors")}, "no such file"),
        ({"profile": Path("nowhere.json")}, "nowhere.json"),
        ({"model": "pets"}, "none ships"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_made(
    tmp_path: Path, changes: dict[str, object], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        prepare(replace(TuneConfig(out=tmp_path / "study"), **changes))  # type: ignore[arg-type]
    assert not (tmp_path / "study").exists()


def test_a_planner_that_asks_for_a_value_which_the_model_lacks_is_refused_before_anything_is_made(
    tmp_path: Path,
) -> None:
    checkpoint = tmp_path / "blind.safetensors"
    save_model(
        checkpoint, make_dynamics("mb", layout_of(get_robot("half-cheetah").spec), (8,), 0),
        robot="half-cheetah", window=16, hidden=(8,), metadata={},
    )  # fmt: skip
    config = TuneConfig(
        model="mb", checkpoint=checkpoint, out=tmp_path / "study", default="cem:terminal=1"
    )
    with pytest.raises(ValueError, match="terminal: 1"):
        prepare(config)
    assert not (tmp_path / "study").exists()


@pytest.mark.slow
def test_workers_change_nothing(small: Small) -> None:
    assert figures(small("one", check=False)) == figures(small("two", check=False, workers=2))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray's own
def test_ray_changes_nothing(small: Small) -> None:
    pytest.importorskip("ray")
    assert figures(small("one", check=False)) == figures(
        small("ray", check=False, ray="local", workers=1)
    )
