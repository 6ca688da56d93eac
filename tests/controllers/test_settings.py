"""Planners as text and as files, and every line that is refused."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controllers import (
    CEM,
    ICEM,
    MPPI,
    PlannerError,
    RandomShooting,
    format_planner,
    load_planner,
    make_planner,
    parse_planner,
    planner_names,
    save_planner,
)

planners = st.one_of(
    st.builds(
        RandomShooting,
        candidates=st.integers(10, 900),
        horizon=st.integers(1, 60),
        execute=st.sampled_from(["mean", "best"]),
    ),
    st.builds(
        CEM,
        candidates=st.integers(20, 900),
        std=st.floats(0.05, 10),
        momentum=st.floats(-3, 0.99),
        colour=st.floats(0, 4),
    ),
    st.builds(ICEM, keep=st.integers(0, 19), decay=st.floats(1, 10)),
    st.builds(MPPI, temperature=st.floats(1e-12, 100), knots=st.integers(2, 15)),
)


@settings(max_examples=40, deadline=None)
@given(planner=planners)
def test_round_trip(planner, tmp_path_factory):
    assert parse_planner(format_planner(planner)) == planner
    path = tmp_path_factory.mktemp("planner") / "planner.toml"
    save_planner(path, planner)
    assert load_planner(path) == planner
    assert load_planner(str(path)) == planner
    assert [p.name for p in path.parent.iterdir()] == ["planner.toml"]


def test_text():
    assert parse_planner("cem") == CEM()
    planner = load_planner(" cem: candidates=300, horizon=12 ,std=1,execute=best")
    assert planner == CEM(candidates=300, horizon=12, std=1.0, execute="best")
    assert [make_planner(name).name for name in planner_names()] == list(planner_names())
    assert planner_names() == ("random-shooting", "cem", "icem", "mppi")


def test_defaults_fit_the_control_period():
    assert (CEM().candidates, CEM().horizon, CEM().iterations) == (200, 15, 3)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "planner: '' is not allowed; allowed: random-shooting, cem, icem, mppi"),
        ("cme", "planner: 'cme' is not allowed; allowed: random-shooting, cem, icem, mppi"),
        ("cem:", "planner: '' is not allowed; allowed: field=value"),
        ("cem:candidates", "planner: 'candidates' is not allowed; allowed: field=value"),
        ("cem:candidates=", "planner: 'candidates=' is not allowed; allowed: field=value"),
        ("cem:horizon=5,,", "planner: '' is not allowed; allowed: field=value"),
        (
            "cem:horizon=5,horizon=6",
            "setting: 'horizon' is not allowed; allowed: each setting once",
        ),
        (
            "cem:candidate=5",
            "planner cem: setting: 'candidate' is not allowed; allowed: candidates",
        ),
        ("cem:knots=5", "planner cem: setting: 'knots' is not allowed; allowed: candidates"),
        ("cem:candidates=ten", "planner cem: candidates: 'ten' is not allowed; allowed: integers"),
        ("cem:candidates=2.5", "planner cem: candidates: '2.5' is not allowed; allowed: integers"),
        ("cem:candidates=1", "planner cem: candidates: 1 is not allowed; allowed: integers from 2"),
        ("cem:horizon=0", "planner cem: horizon: 0 is not allowed; allowed: integers from 1"),
        ("cem:iterations=0", "planner cem: iterations: 0 is not allowed; allowed: integers from 1"),
        (
            "cem:candidates=100000000000",
            "planner cem: candidates: 100000000000 is not allowed",
        ),
        (
            "cem:horizon=10000000000",
            "planner cem: horizon: 10000000000 is not allowed",
        ),
        (
            "cem:iterations=99999999999999999",
            "planner cem: iterations: 99999999999999999 is",
        ),
        (
            "cem:candidates=100000,horizon=900",
            "planner cem: candidates x horizon: 90000000 is not allowed",
        ),
        ("cem:std=nan", "planner cem: std: nan is not allowed; allowed: finite numbers"),
        ("cem:std=inf", "planner cem: std: inf is not allowed; allowed: finite numbers"),
        ("cem:std=wide", "planner cem: std: 'wide' is not allowed; allowed: finite numbers"),
        ("cem:std=0", "planner cem: std: 0.0 is not allowed; allowed: above 0 to 10"),
        (
            "cem:std_min=0.6",
            "planner cem: std_min: 0.6 is not allowed; allowed: above 0 to std (0.5)",
        ),
        ("cem:colour=-1", "planner cem: colour: -1.0 is not allowed; allowed: 0 to 4"),
        ("cem:momentum=1", "planner cem: momentum: 1.0 is not allowed; allowed: -3 to below 1"),
        (
            "cem:elites=0",
            "planner cem: elites: 0 is not allowed; allowed: 1 to candidates (200); 20",
        ),
        (
            "cem:candidates=9",
            "planner cem: elites: 20 is not allowed; allowed: 1 to candidates (9); 20 if not given",
        ),
        ("cem:execute=worst", "planner cem: execute: 'worst' is not allowed; allowed: mean, best"),
        ("random-shooting:elites=601", "planner random-shooting: elites: 601 is not allowed"),
        ("icem:keep=21", "planner icem: keep: 21 is not allowed; allowed: 0 to elites (20)"),
        ("icem:decay=0.5", "planner icem: decay: 0.5 is not allowed; allowed: 1 to 10"),
        ("mppi:temperature=0", "planner mppi: temperature: 0.0 is not allowed; allowed: above 0"),
        (
            "mppi:knots=16",
            "planner mppi: knots: 16 is not allowed; allowed: 0, or 2 to horizon (15)",
        ),
        ("mppi:knots=1", "planner mppi: knots: 1 is not allowed; allowed: 0, or 2 to horizon (15)"),
        ("mppi:std_decay=0", "planner mppi: std_decay: 0.0 is not allowed; allowed: above 0 to 1"),
    ],
)
def test_bad_text(text, message):
    with pytest.raises(PlannerError) as caught:
        load_planner(text)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("candidates = 5", "planner: None is not allowed; allowed: random-shooting, cem"),
        ("planner = 5", "planner: 5 is not allowed; allowed: random-shooting, cem"),
        ('planner = "cme"', "planner: 'cme' is not allowed; allowed: random-shooting, cem"),
        ('planner = "cem"\nhorizon = "5"', "planner cem: horizon: '5' is not allowed"),
        ('planner = "cem"\nhorizon = 5.0', "planner cem: horizon: 5.0 is not allowed"),
        ('planner = "cem"\nhorizon = true', "planner cem: horizon: True is not allowed"),
        ('planner = "cem"\nstd = true', "planner cem: std: True is not allowed"),
        ('planner = "cem"\nstd = nan', "planner cem: std: nan is not allowed"),
        ('planner = "cem"\nexecute = ["mean"]', "planner cem: execute: ['mean'] is not allowed"),
        ('planner = "cem"\nspeed = 5', "planner cem: setting: 'speed' is not allowed"),
        ('planner = "cem"\nname = "mine"', "planner cem: setting: 'name' is not allowed"),
        ('planner = "cem', "is not TOML"),
        (b"\xff\xfe", "is not TOML"),
    ],
)
def test_bad_file(content, message, tmp_path):
    path = tmp_path / "planner.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(PlannerError) as caught:
        load_planner(path)
    assert str(caught.value).startswith(f"planner file {path}: {message}")
    assert "\n" not in str(caught.value)


def test_missing_file_and_folder(tmp_path):
    with pytest.raises(PlannerError, match=r"planner file .*absent.toml: cannot be read \(No such"):
        load_planner(tmp_path / "absent.toml")
    with pytest.raises(PlannerError, match="cannot be written"):
        save_planner(tmp_path / "absent" / "planner.toml", CEM())


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "planner.toml"
    save_planner(path, CEM(horizon=7))

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("controllers.settings.os.fsync", full)
    with pytest.raises(PlannerError, match="No space left on device"):
        save_planner(path, CEM(horizon=8))
    assert load_planner(path) == CEM(horizon=7)
    assert [p.name for p in tmp_path.iterdir()] == ["planner.toml"]


def test_importing_controllers_pulls_neither_torch_nor_mujoco():
    check = "import sys, controllers; print([m for m in ('torch', 'mujoco') if m in sys.modules])"
    out = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "[]"
