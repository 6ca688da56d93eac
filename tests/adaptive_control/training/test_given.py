"""A run on another's data goes on with the episodes that it was given, whatever becomes of them."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from adaptive_control.cli.main import main
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training import TrainConfig, train
from tests.adaptive_control.training.test_loop import KillAfter, KilledError, same, tiny, weights


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run") / "first"
    train(tiny(folder, model="mb"))
    return folder


@pytest.fixture
def data(first: Path, tmp_path: Path) -> Path:
    """A copy of an earlier run, which a test may change."""
    return Path(shutil.copytree(first, tmp_path / "data"))


def grow(data: Path) -> None:
    shutil.copy(data / "episodes" / "000.npz", data / "episodes" / "002.npz")


def swap(data: Path) -> None:
    shutil.copy(data / "episodes" / "000.npz", data / "episodes" / "001.npz")


def shrink(data: Path) -> None:
    (data / "episodes" / "001.npz").unlink()


def fit_of(out: Path, data: Path) -> TrainConfig:
    return tiny(out, model="mb", data=data, rounds=None)


def rounds_of(out: Path, data: Path) -> TrainConfig:
    return tiny(out, model="mb", data=data, rounds=1)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (grow, "(002.npz is new)"),
        (swap, "(001.npz is another)"),
        (shrink, "(1 of 2 files are there)"),
        (shutil.rmtree, "(0 of 2 files are there)"),
    ],
)
def test_a_fit_is_not_resumed_on_other_data(data: Path, tmp_path: Path, change, words: str):
    config = fit_of(tmp_path / "fit", data)
    model = train(config)
    made = model.read_bytes()
    assert train(config).read_bytes() == made
    change(data)
    with pytest.raises(AdaptiveControlError, match=r"data=.*: not what the run in") as error:
        train(config)
    assert words in str(error.value)
    assert "\n" not in str(error.value)
    assert model.read_bytes() == made


@pytest.mark.parametrize("change", [grow, swap, shrink, shutil.rmtree])
@pytest.mark.parametrize("events", [2, 8])
def test_rounds_go_on_from_the_runs_own_copies(first, data, tmp_path, change, events: int):
    train(rounds_of(tmp_path / "whole", first))
    config = rounds_of(tmp_path / "run", data)
    with pytest.raises(KilledError):
        train(config, KillAfter(events))
    change(data)
    for _ in ("go on", "again, when it is finished"):
        train(config)
        assert same(weights(tmp_path / "whole"), weights(tmp_path / "run"))
    names = sorted(file.name for file in (tmp_path / "run" / "episodes").iterdir())
    assert names == ["000.npz", "001.npz", "002.npz"]


def test_a_run_that_was_killed_while_it_copied_takes_what_is_missing(data, tmp_path):
    config = rounds_of(tmp_path / "run", data)
    with pytest.raises(KilledError):
        train(config, KillAfter(1))
    (tmp_path / "run" / "episodes" / "001.npz").unlink()
    moved = data.rename(tmp_path / "moved")
    with pytest.raises(AdaptiveControlError, match=r"\(0 of 2 files are there\)"):
        train(config)
    moved.rename(data)
    assert train(config).is_file()


def test_another_run_in_the_folder_is_told_before_other_data(first, data, tmp_path):
    train(fit_of(tmp_path / "fit", first))
    shrink(data)
    with pytest.raises(AdaptiveControlError, match=r"^data=.*data: the run in .* has .*first;"):
        train(fit_of(tmp_path / "fit", data))


def test_a_run_from_before_there_was_a_record_goes_on(data, tmp_path):
    config = fit_of(tmp_path / "fit", data)
    train(config)
    (tmp_path / "fit" / "data_files.json").unlink()
    shrink(data)
    assert train(config).is_file()


@pytest.mark.parametrize("content", ["{", "{}", "[]", "5"])
def test_a_damaged_record_is_refused(data, tmp_path, content: str):
    config = fit_of(tmp_path / "fit", data)
    train(config)
    (tmp_path / "fit" / "data_files.json").write_text(content)
    with pytest.raises(AdaptiveControlError, match=r"data_files\.json: cannot be read"):
        train(config)


def test_what_was_given_is_no_setting(data, tmp_path, capsys: pytest.CaptureFixture[str]):
    train(fit_of(tmp_path / "fit", data))
    saved = tmp_path / "fit" / "config.json"
    assert set(json.loads(saved.read_text())) == set(TrainConfig.__dataclass_fields__) - {"out"}
    assert main(["train", "--config", str(saved), "--out", str(tmp_path / "again")]) == 0
    files = [json.loads((tmp_path / n / "data_files.json").read_text()) for n in ("fit", "again")]
    assert files[0] == files[1]
    assert len(files[0]) == 2
    assert "again" in capsys.readouterr().out


@pytest.mark.parametrize("content", ["{", "[]", "5", "\udcff"])
def test_damaged_settings_are_refused_in_one_line(tmp_path, capsys, content: str):
    path = tmp_path / "run" / "config.json"
    path.parent.mkdir()
    path.write_bytes(content.encode(errors="surrogateescape"))
    assert main(["train", "half-cheetah", "--out", str(path.parent)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"error: {path}: ")
    assert error.count("\n") == 1
    assert [p.name for p in path.parent.iterdir()] == ["config.json"]


@pytest.mark.parametrize("seed", [-1, 2**63, 2**64])
def test_seeds_that_no_generator_takes_are_refused(tmp_path, seed: int):
    with pytest.raises(AdaptiveControlError, match=f"^seed={seed}: must be from 0 to {2**63 - 1}$"):
        tiny(tmp_path / "run", seed=seed)


def test_the_last_seed_is_one(tmp_path):
    config = tiny(tmp_path / "run", model="mb", seed=2**63 - 1, rounds=0, final_updates=2)
    assert train(config).is_file()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda a: a["next_observation"].__setitem__((0, 3, 1), np.nan),
            "next_observation is not finite",
        ),
        (lambda a: a["action"].__setitem__((1, 0, 0), np.inf), "action is not finite"),
        (lambda a: a.update({n: v[:, :8] for n, v in a.items()}), "episodes have 8 steps; allowed"),
        (lambda a: a.update(action=a["action"][..., :3]), "action has shape"),
    ],
)
def test_episodes_that_no_model_can_be_fitted_on_are_refused(
    data: Path, tmp_path: Path, capsys, change, words: str
):
    file = data / "episodes" / "001.npz"
    with np.load(file) as found:
        arrays = {name: found[name].copy() for name in found.files}
    change(arrays)
    np.savez(file, **arrays)
    with pytest.raises(AdaptiveControlError, match=re.escape(words)) as refused:
        train(fit_of(tmp_path / "fit", data))
    assert str(file) in str(refused.value)
    assert not (tmp_path / "fit").exists()
