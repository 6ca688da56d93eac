"""A bundle from one release loads in the next, or is refused with a reason.

`releases/` holds a small bundle of each format that a release ever wrote. They are never written
anew: when the format changes, a bundle of the last release joins them, and this test says whether
the old ones are still read.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deploy.errors import DeployError
from deploy.runtime.bundle import load_bundle
from deploy.runtime.bundle import manifest as manifests
from deploy.runtime.bundle.manifest import FORMAT
from deploy.runtime.bundle.names import MANIFEST
from deploy.runtime.bundle.parity import check_parity
from tests.deploy.bundles import bundle_path, copy_of

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.zip"))


def unpacked(release: Path, folder: Path) -> Path:
    bundle = folder / release.stem
    with zipfile.ZipFile(release) as archive:
        archive.extractall(bundle)
    return bundle


def test_each_format_is_kept() -> None:
    formats = {int(release.stem.rpartition("-")[2]) for release in RELEASES}
    assert formats == set(range(1, FORMAT + 1))


@pytest.mark.parametrize("release", RELEASES, ids=lambda release: release.stem)
def test_a_bundle_of_a_release_loads_and_plans_or_says_why_not(
    release: Path, tmp_path: Path
) -> None:
    path = unpacked(release, tmp_path)
    stated = json.loads((path / MANIFEST).read_text())
    assert stated["format"] == int(release.stem.rpartition("-")[2])
    bundle = load_bundle(path)
    assert (bundle.value is not None) == (stated["format"] > 1)
    assert check_parity(bundle).transitions > 0
    agent = bundle.agent(seed=0)
    rows = [bundle.golden[f"recorded/{n}"] for n in ("observation", "action", "next_observation")]
    for step in range(3):
        agent.observe(*(row[step : step + 1] for row in rows))
        action = agent.act(rows[2][step : step + 1]).action
        assert np.isfinite(action).all()


def test_what_caution_charges_is_scaled_since_format_4(tmp_path: Path) -> None:
    last, before = RELEASES[-1], RELEASES[-2]
    careful = replace(load_bundle(unpacked(last, tmp_path)).manifest.planner, caution=3.0)
    assert load_bundle(tmp_path / last.stem).agent(planner=careful)
    with pytest.raises(DeployError, match=r"caution: 3 is not allowed; allowed: 1, as a bundle "):
        load_bundle(unpacked(before, tmp_path)).agent(planner=careful)


def signed(bundle: Path, **changes: object) -> Path:
    """Another manifest, as another release would have written it."""
    table = json.loads((bundle / MANIFEST).read_text()) | changes
    del table["sha256"]
    table["sha256"] = manifests._digest(table)
    (bundle / MANIFEST).write_text(json.dumps(table))
    return bundle


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (FORMAT + 1, "; the bundle was made by a newer release"),
        (FORMAT + 40, "; the bundle was made by a newer release"),
        (0, rf"format 0, this version reads 1 to {FORMAT}$"),
        (-3, "format -3"),
    ],
)
def test_another_format_is_refused_with_both_numbers(
    tmp_path: Path, number: int, words: str
) -> None:
    bundle = signed(copy_of(bundle_path(), tmp_path), format=number)
    with pytest.raises(DeployError, match=words) as refused:
        load_bundle(bundle)
    assert f"format {number}, this version reads 1 to {FORMAT}" in str(refused.value)


def test_format_1_has_no_terminal_value(tmp_path: Path) -> None:
    bundle = signed(copy_of(bundle_path(), tmp_path), format=1)
    with pytest.raises(DeployError, match=r"files: 'value\.onnx' is not allowed in format 1"):
        load_bundle(bundle)


def test_what_a_later_release_adds_to_a_planner_has_its_default(tmp_path: Path) -> None:
    """A manifest written before `momentum` was a setting."""
    bundle = copy_of(bundle_path(), tmp_path)
    planner = json.loads((bundle / MANIFEST).read_text())["planner"]
    del planner["momentum"]
    loaded = load_bundle(signed(bundle, planner=planner))
    assert loaded.manifest.planner == load_bundle(bundle_path()).manifest.planner


def test_what_an_earlier_release_does_not_know_is_refused_by_name(tmp_path: Path) -> None:
    bundle = copy_of(bundle_path(), tmp_path)
    planner = json.loads((bundle / MANIFEST).read_text())["planner"] | {"foresight": 2}
    with pytest.raises(DeployError, match="foresight"):
        load_bundle(signed(bundle, planner=planner))


def test_a_bundle_of_another_version_of_the_libraries_loads(tmp_path: Path) -> None:
    """Whether they compute the same is for the golden vectors to say, not for a number."""
    made = json.loads((bundle_path() / MANIFEST).read_text())["made_with"]
    older = dict.fromkeys(made, "0.0.1")
    loaded = load_bundle(signed(copy_of(bundle_path(), tmp_path), made_with=older))
    assert loaded.manifest.made_with["onnxruntime"] == "0.0.1"
