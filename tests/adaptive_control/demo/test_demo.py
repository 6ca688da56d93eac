"""The demo from end to end, with models that know nothing and a planner that hardly plans."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imageio.v2 as imageio
import numpy as np
import pytest

from adaptive_control.cli.main import main
from adaptive_control.demo import run as demo_run
from adaptive_control.demo.config import DemoConfig
from adaptive_control.demo.prepare import prepare
from adaptive_control.episodes import run_episodes
from robots import RobotError, Simulator

Checkpoint = Callable[..., Path]
Capture = pytest.CaptureFixture[str]
PLANNER = "cem:candidates=20,horizon=3,iterations=1"

TWIN_KEYS = {
    "return", "return_before_fault", "return_after_fault",
    "mean_speed_before_fault", "mean_speed_after_fault", "recovery_s",
    "recovered", "recovered_of", "model_error", "k_step_error", "plan_ms", "adapt_ms",
}  # fmt: skip


@pytest.fixture
def demo(tmp_path: Path, checkpoint: Checkpoint) -> Callable[..., dict[str, Any]]:
    """Runs `adaptive-control demo` and returns its metrics.json."""

    def run(
        *options: str, robot: str = "half-cheetah", model: str = "grbal", video: bool = False
    ) -> dict[str, Any]:
        arguments = [
            "demo", "--robot", robot, "--model", model, "--planner", PLANNER, "--seconds", "1",
            "--checkpoint", str(checkpoint(model, robot)),
            "--versus-checkpoint", str(checkpoint("mb", robot)),
            "--out", str(tmp_path), *([] if video else ["--no-video"]), *options,
        ]  # fmt: skip
        assert main(arguments) == 0
        return json.loads((tmp_path / "metrics.json").read_text())

    return run


Demo = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("robot", ["half-cheetah", "ant"])
@pytest.mark.parametrize("model", ["grbal", "rebal"])
def test_metrics_hold_what_the_users_were_promised(demo: Demo, robot: str, model: str) -> None:
    metrics = demo(robot=robot, model=model)
    assert set(metrics) == {"twins", "settings"}
    assert set(metrics["twins"]) == {model, "mb"}
    for twin in metrics["twins"].values():
        assert set(twin) == TWIN_KEYS
        assert set(twin["model_error"]) == {"before_adaptation", "after_adaptation"}
        assert set(twin["plan_ms"]) == {"p50", "p99"}
        assert set(twin["adapt_ms"]) == {"p50"}
        assert twin["return"] == pytest.approx(
            twin["return_before_fault"] + twin["return_after_fault"], abs=1e-4
        )
        assert twin["plan_ms"]["p99"] >= twin["plan_ms"]["p50"] > 0
    errors = metrics["twins"]["mb"]["model_error"]
    assert errors["before_adaptation"] == errors["after_adaptation"]


def test_k_step_error_is_there_when_the_run_is_long_enough(demo: Demo) -> None:
    assert demo()["twins"]["grbal"]["k_step_error"] is None
    twins = demo("--seconds", "2.4")["twins"]
    assert twins["mb"]["k_step_error"]["ratio"] == 1.0
    error = twins["grbal"]["k_step_error"]
    assert error["steps"] == 15
    trained = error["as_trained"]
    assert (trained["steps"], trained["unroll"]) == (8, 4)
    for figures in (error, error["open_loop"], trained):
        assert figures["ratio"] == pytest.approx(
            figures["after_adaptation"] / figures["before_adaptation"], rel=1e-4
        )
    before = {f["before_adaptation"] for f in (error, error["open_loop"], trained)}
    assert len(before) == 3


def test_the_fault_comes_half_way_unless_it_says_when(demo: Demo) -> None:
    assert demo()["settings"]["perturb"] == "actuator-gain:4=-1@0.5s"
    settings = demo("--perturb", "mass:2@0.3s-0.7s+slope:5")["settings"]
    assert settings["perturb"] == "mass:2@0.3s-0.7s+slope:5@0.5s"
    assert settings["fault_s"] == 0.3


def test_without_a_fault_there_is_nothing_after_it(demo: Demo) -> None:
    metrics = demo("--perturb", "none")
    assert metrics["settings"]["fault_s"] is None
    assert metrics["twins"]["mb"]["return_after_fault"] is None


def test_table_settings_and_files_are_told(demo: Demo, tmp_path: Path, capsys: Capture) -> None:
    demo()
    out = capsys.readouterr().out
    for words in ("GrBAL", "MB", "mean speed before the fault", "actuator-gain:4=-1@0.5s", PLANNER):
        assert words in out
    assert "written to" in out
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"metrics.json", "demo.png", "config.json"}


def without_times(metrics: dict[str, Any]) -> dict[str, Any]:
    """Metrics without what no run repeats: wall-clock times."""
    twins = {
        model: {name: v for name, v in twin.items() if not name.endswith("_ms")}
        for model, twin in metrics["twins"].items()
    }
    return {"twins": twins, "settings": metrics["settings"]}


def test_a_saved_configuration_repeats_the_run(demo: Demo, tmp_path: Path) -> None:
    first = demo("--perturb", "mass:2", "--seed", "7")
    assert main(["demo", "--config", str(tmp_path / "config.json")]) == 0
    again = json.loads((tmp_path / "metrics.json").read_text())
    assert without_times(again) == without_times(first)


def test_seeds_add_means_and_intervals(demo: Demo) -> None:
    metrics = demo("--seeds", "3", "--seed", "5")
    twin = metrics["twins"]["grbal"]
    assert set(twin) == TWIN_KEYS | {"per_seed", "interval_95"}
    assert len(twin["per_seed"]["return"]) == 3
    assert twin["return"] == pytest.approx(np.mean(twin["per_seed"]["return"]))
    low, high = twin["interval_95"]["mean_speed_after_fault"]
    assert low <= twin["mean_speed_after_fault"] <= high
    alone = demo("--seed", "6")["twins"]["grbal"]
    assert twin["per_seed"]["return"][1] == pytest.approx(alone["return"], abs=1e-3)


def test_twins_start_from_the_same_state_and_the_film_repeats_them(checkpoint: Checkpoint) -> None:
    config = DemoConfig(
        perturb="crippled-leg:back", planner=PLANNER, seconds=1.0, seed=3, seeds=2,
        model="grbal", checkpoint=checkpoint("grbal"), versus_checkpoint=checkpoint("mb"),
    )  # fmt: skip
    demo = prepare(config)
    twins = [
        run_episodes(model, demo.robot, demo.config.perturb, demo.planner, demo.seeds, demo.steps)
        for model in demo.models
    ]
    assert np.array_equal(twins[0].position[0], twins[1].position[0])
    assert not np.array_equal(twins[0].position, twins[1].position)
    for twin in twins:
        simulator = Simulator(demo.robot, demo.config.perturb, seed=twin.seeds[0])
        simulator.reset(seed=twin.seeds[0])
        for step in range(twin.steps):
            assert simulator.position[0] == twin.position[step, 0]
            simulator.step(twin.actions[step, 0])


@pytest.mark.parametrize("kind", ["grbal", "rebal", "mb"])
def test_a_model_that_predicts_nonsense_does_no_harm(
    demo: Demo, checkpoint: Checkpoint, kind: str
) -> None:
    model, versus = (kind, "mb") if kind != "mb" else ("mb", "grbal")
    metrics = demo(
        "--checkpoint", str(checkpoint(model, scale=1e12)), "--versus", versus,
        "--versus-checkpoint", str(checkpoint(versus)), model=model,
    )  # fmt: skip
    assert metrics["twins"][model]["return"] is not None


def test_the_film_shows_every_step(demo: Demo, tmp_path: Path) -> None:
    demo(video=True)
    path = tmp_path / "demo.mp4"
    if not path.exists():
        pytest.skip("this machine cannot render")
    reader: Any = imageio.get_reader(path)
    with reader as film:
        meta = film.get_meta_data()
        frames = film.count_frames()
    assert frames == 20
    assert meta["fps"] == 20
    assert meta["size"] == (960, 480)


@pytest.mark.parametrize("error", [RobotError, RuntimeError, ImportError, OSError])
def test_where_nothing_can_be_rendered_all_else_is_written(
    demo: Demo,
    tmp_path: Path,
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
) -> None:
    from adaptive_control.demo import film

    def fail(*_: object, **__: object) -> None:
        raise error("rendering: no OpenGL; install libegl1")

    monkeypatch.setattr(film, "write_film", fail)
    (tmp_path / "demo.mp4").write_bytes(b"of an earlier run")
    demo(video=True)
    assert "no film: rendering: no OpenGL; install libegl1" in capsys.readouterr().out
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"metrics.json", "demo.png", "config.json"}


def test_an_interrupt_leaves_no_half_written_file(
    tmp_path: Path, checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo_run, "run_episodes", interrupt)
    status = main(
        ["demo", "--model", "grbal", "--checkpoint", str(checkpoint("grbal")), "--planner", PLANNER,
         "--versus-checkpoint", str(checkpoint("mb")), "--out", str(tmp_path)]
    )  # fmt: skip
    assert status == 130
    assert capsys.readouterr().err == "interrupted\n"
    assert {path.name for path in tmp_path.iterdir()} == {"config.json"}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"checkpoint": "ant"}, "robot"),
        ({"checkpoint": "mb"}, "holds a mb model, not grbal"),
        ({"checkpoint": "truncated"}, "truncated"),
        ({"out": "file"}, "out"),
    ],
)
def test_bad_files_are_refused_before_anything_is_written(
    tmp_path: Path,
    checkpoint: Checkpoint,
    capsys: Capture,
    options: dict[str, str],
    words: str,
) -> None:
    truncated = tmp_path / "truncated.safetensors"
    truncated.write_bytes(checkpoint("grbal").read_bytes()[:-100])
    (tmp_path / "out").write_text("a file where the folder should be")
    model = {
        "ant": checkpoint("grbal", "ant"), "mb": checkpoint("mb"), "truncated": truncated,
    }.get(options.get("checkpoint", ""), checkpoint("grbal"))  # fmt: skip
    out = tmp_path / ("out" if "out" in options else "runs")
    before = set(tmp_path.iterdir())
    status = main(
        ["demo", "--model", "grbal", "--checkpoint", str(model), "--out", str(out),
         "--versus-checkpoint", str(checkpoint("mb"))]
    )  # fmt: skip
    assert status == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert words in error
    assert error.count("\n") == 1
    assert set(tmp_path.iterdir()) == before


@pytest.mark.parametrize("setting", ["terminal=1", "halve_every=4"])
def test_a_planner_that_asks_for_a_value_that_a_twin_lacks_leaves_nothing(
    tmp_path: Path, checkpoint: Checkpoint, capsys: Capture, setting: str
) -> None:
    status = main(
        ["demo", "--model", "grbal", "--checkpoint", str(checkpoint("grbal")),
         "--versus-checkpoint", str(checkpoint("mb")), "--planner", f"cem:{setting}",
         "--out", str(tmp_path / "runs")]
    )  # fmt: skip
    assert status == 2
    name, _, value = setting.partition("=")
    assert f"error: {name}: {value} is not allowed" in capsys.readouterr().err
    assert not (tmp_path / "runs").exists()
