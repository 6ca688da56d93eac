"""A run, its log, and the run again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from adaptive_control.cli.main import main
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
    from deploy.runtime.log import McapLog, Topics, read_log

    whole = read_log(log)
    topics = Topics(
        tuple(map(str, range(whole.records[0].observation.size))),
        tuple(map(str, range(whole.records[0].command.size))),
    )
    changed = McapLog(tmp_path / "changed.mcap", topics, whole.metadata)
    for record in whole.records:
        if record.tick > 5:
            record.observation[:] += 1.0
        changed.record(record)
    changed.close()
    assert main(["replay", str(tmp_path / "changed.mcap"), str(bundle_path())]) == 1
    assert "DIFFERENT" in capsys.readouterr().out


def test_bad_arguments_are_one_line(log, capsys):
    for arguments in ([], [str(log)], ["nothing.mcap", str(bundle_path())], [str(log), "nowhere"]):
        assert main(["replay", *arguments]) == 2
        assert capsys.readouterr().err.count("\n") == 1
