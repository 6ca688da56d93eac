"""A run, its log, and the run again."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from adaptive_control.cli.main import main
from deploy.runtime.log import McapLog, Topics, read_log
from deploy.runtime.loop.record import TickRecord
from deploy.runtime.replay import _difference
from tests.deploy.bundles import bundle_path


@pytest.fixture(scope="module")
def log(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    arguments = ["run", str(bundle_path()), "--deterministic", "--arm", "--seconds", "2"]
    arguments += ["--robot", "sim:half-cheetah?perturb=crippled-leg:back@1s&seed=2"]
    arguments += ["--log", str(folder / "run.mcap"), "--json", str(folder / "run.json")]
    arguments += ["--faults", str(folder / "faults")]
    assert main(arguments) in (0, 3)
    summary = json.loads((folder / "run.json").read_text())
    assert summary["lost_logs"] == []
    return folder / "run.mcap"


def test_a_run_replays_to_the_same_actions(log, tmp_path, capsys):
    assert main(["replay", str(log), str(bundle_path()), "--out", str(tmp_path)]) == 0
    assert "the same" in capsys.readouterr().out
    assert (tmp_path / "replay.png").stat().st_size > 10_000


def test_another_bundle_is_refused(log, capsys):
    assert main(["replay", str(log), str(bundle_path("grbal", 1))]) == 2
    assert "is not the one" in capsys.readouterr().err


def test_a_log_that_was_changed_is_found_out(log, tmp_path, capsys):
    whole = read_log(log)
    for record in whole.records[6:]:
        record.observation[:] += 1.0
    changed = write(tmp_path / "changed.mcap", whole.records, whole.metadata)
    assert main(["replay", str(changed), str(bundle_path())]) == 1
    assert "DIFFERENT" in capsys.readouterr().out


@pytest.mark.parametrize("odd", [np.nan, np.inf, -np.inf])
def test_what_was_no_number_is_the_same_only_if_it_is_none_again(odd: float) -> None:
    recorded, other = np.array([[0.5, odd]], np.float32), np.array([[0.25, 1.0]], np.float32)
    assert _difference(recorded, recorded.copy()) == 0.0
    assert _difference(recorded, other) == _difference(other, recorded) == np.inf
    assert _difference(recorded, recorded + np.float32(0.5)) == 0.5


def write(path: Path, records: Sequence[TickRecord], metadata: Mapping[str, Any]) -> Path:
    """A log of these ticks."""
    sizes = records[0].observation.size, records[0].command.size
    file = McapLog(path, Topics(*(tuple(map(str, range(size))) for size in sizes)), metadata)
    for record in records:
        file.record(record)
    file.close()
    return path


def test_a_recorders_file_from_the_middle_of_a_run_is_refused(log, tmp_path, capsys):
    whole = read_log(log)
    cut = write(tmp_path / "cut.mcap", whole.records[15:], whole.metadata)
    assert main(["replay", str(cut), str(bundle_path())]) == 2
    said = capsys.readouterr().err
    assert "begins at tick 15, and its plans go on from those before" in said
    assert said.count("\n") == 1


def test_a_recorders_file_that_holds_a_start_is_replayed_from_there(log, tmp_path, capsys):
    whole = read_log(log)
    # Ten ticks of the time before it was armed, then the whole of the run as it went on.
    before = [replace(r, tick=r.tick + 85, epoch=-1, plans=()) for r in whole.records[15:25]]
    after = [replace(record, tick=record.tick + 110) for record in whole.records]
    both = write(tmp_path / "both.mcap", [*before, *after], whole.metadata)
    assert main(["replay", str(both), str(bundle_path())]) == 0
    said = capsys.readouterr().out
    assert "the first 10 ticks go on from what" in said
    assert "the same" in said


def test_the_planner_is_logged_as_it_was_and_not_as_a_path(tmp_path, capsys):
    planner, log = tmp_path / "p.toml", tmp_path / "run.mcap"
    planner.write_text('planner = "cem"\ncandidates = 16\nhorizon = 3\niterations = 2\nelites = 4')
    arguments = ["run", str(bundle_path()), "--deterministic", "--arm", "--seconds", "1"]
    arguments += ["--planner", str(planner), "--log", str(log), "--faults", str(tmp_path / "f")]
    assert main(arguments) in (0, 3)
    planner.write_text('planner = "cem"\nhorizon = 5')
    assert main(["replay", str(log), str(bundle_path())]) == 0
    assert "the same" in capsys.readouterr().out
    # A log of an older release names the file.
    whole = read_log(log)
    assert str(whole.metadata["planner"]).startswith("cem:candidates=16,horizon=3")
    old = write(tmp_path / "old.mcap", whole.records, {**whole.metadata, "planner": str(planner)})
    assert main(["replay", str(old), str(bundle_path())]) == 2
    said = capsys.readouterr().err
    assert "plans 5 actions, the log holds 3; allowed: the planner that ran" in said
    assert said.count("\n") == 1


def test_bad_arguments_are_one_line(log, capsys):
    for arguments in ([], [str(log)], ["nothing.mcap", str(bundle_path())], [str(log), "nowhere"]):
        assert main(["replay", *arguments]) == 2
        assert capsys.readouterr().err.count("\n") == 1
