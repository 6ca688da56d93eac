"""The folder of a study: whose it is, what is in it, and what survives."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.evaluate import Result
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.store import open_store

SETTING = Setting("cem:candidates=200", 16)


def test_results_are_kept_by_purpose_and_setting(tmp_path: Path) -> None:
    result = Result((1.0, 2.5), (0.1, 0.2), False, 3.0, (True, False))
    with open_store(TuneConfig(out=tmp_path)) as store:
        store.put("search", SETTING, result)
        assert store.get("search", SETTING) == result
        assert store.get("final", SETTING) is None
        assert store.get("search", replace(SETTING, window=8)) is None


def test_a_study_is_not_overwritten(tmp_path: Path) -> None:
    config = TuneConfig(out=tmp_path)
    with open_store(config):
        pass
    with pytest.raises(AdaptiveControlError, match="holds a study; go on with it by --resume"):
        open_store(config).__enter__()
    with open_store(replace(config, resume=True, trials=500, workers=3, timeout=None)):
        pass
    assert json.loads((tmp_path / "config.json").read_text())["trials"] == 500


def test_another_folder_is_not_resumed(tmp_path: Path) -> None:
    with pytest.raises(AdaptiveControlError, match="holds no study"):
        open_store(TuneConfig(out=tmp_path / "no", resume=True)).__enter__()
    assert not (tmp_path / "no").exists()


@pytest.mark.parametrize("change", [{"seed": 4}, {"robots": 8}, {"horizon": (5, 30)}])
def test_another_study_is_not_resumed(tmp_path: Path, change: dict[str, int]) -> None:
    with open_store(TuneConfig(out=tmp_path)):
        pass
    (name,) = change
    with pytest.raises(AdaptiveControlError, match=f"^{name}: .* differs from"):
        open_store(TuneConfig(out=tmp_path, resume=True, **change)).__enter__()  # type: ignore


@pytest.mark.parametrize("content", ["{", "5", '["seed"]'])
def test_a_study_whose_settings_are_damaged_is_not_resumed(tmp_path: Path, content: str) -> None:
    with open_store(TuneConfig(out=tmp_path)):
        pass
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(AdaptiveControlError, match=r"^/.*config\.json: ") as error:
        open_store(TuneConfig(out=tmp_path, resume=True)).__enter__()
    assert "\n" not in str(error.value)
    assert (tmp_path / "config.json").read_text() == content


def test_a_study_is_one_process_s(tmp_path: Path) -> None:
    refused = pytest.raises(AdaptiveControlError, match="another process is tuning")
    with open_store(TuneConfig(out=tmp_path)), refused:
        open_store(TuneConfig(out=tmp_path, resume=True)).__enter__()
    with open_store(TuneConfig(out=tmp_path, resume=True)):
        pass


def test_what_a_killed_process_left_is_mended(tmp_path: Path) -> None:
    with open_store(TuneConfig(out=tmp_path)):
        pass
    journal = tmp_path / "study.journal"
    journal.write_bytes(b'{"whole": 1}\n{"half": ')
    os.symlink(journal, f"{journal}.lock")
    with open_store(TuneConfig(out=tmp_path, resume=True)):
        assert journal.read_bytes() == b'{"whole": 1}\n'
        assert not os.path.lexists(f"{journal}.lock")
