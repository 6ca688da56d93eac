"""What stands where a bundle shall be written: only another bundle of ours gives way."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from deploy.errors import DeployError
from deploy.export.place import bundle_folder, checked_out
from deploy.runtime.bundle import manifest as manifests
from deploy.runtime.bundle.names import MANIFEST
from tests.deploy.bundles import bundle_path, copy_of


def write_over(out: Path) -> None:
    """What an export does, with one file."""
    with bundle_folder(checked_out(out)) as temporary:
        (temporary / "new").touch()


def refused(out: Path, words: str) -> None:
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(DeployError, match=words) as caught:
        write_over(out)
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before
    assert [path.name for path in out.parent.iterdir()] == [out.name]


@pytest.mark.parametrize(
    "manifest",
    ['{"name": "a web page"}', "[]", "", "{", '{"format": 3}', '{"format": 3, "files": {}}'],
)
def test_a_folder_with_a_manifest_of_somebody_elses_is_left_alone(
    tmp_path: Path, manifest: str
) -> None:
    out = tmp_path / "page"
    out.mkdir()
    (out / MANIFEST).write_text(manifest)
    (out / "thesis.txt").write_text("precious")
    refused(out, "page exists and is no bundle .*allowed: a new folder, or a bundle")


@pytest.mark.parametrize("name", ["notes.txt", "run.mcap", "value.onnx", ".hidden"])
def test_a_bundle_with_a_file_of_ones_own_is_left_alone(tmp_path: Path, name: str) -> None:
    out = copy_of(bundle_path("mb"), tmp_path)
    (out / name).write_text("mine")
    refused(out, f"holds '{name}', which is no file of the bundle and would be lost")


def test_a_folder_or_a_link_in_place_of_a_file_is_left_alone(tmp_path: Path) -> None:
    out = copy_of(bundle_path("mb"), tmp_path)
    (out / "step.onnx").unlink()
    (out / "step.onnx").mkdir()
    (out / "step.onnx" / "precious").touch()
    refused(out, "holds 'step.onnx'")


def test_a_bundle_is_replaced_though_it_is_damaged_or_of_another_format(tmp_path: Path) -> None:
    out = copy_of(bundle_path("mb"), tmp_path)
    table = json.loads((out / MANIFEST).read_text()) | {"format": 99, "colour": "red"}
    del table["sha256"]
    table["sha256"] = manifests._digest(table)
    (out / MANIFEST).write_text(json.dumps(table))
    (out / "prior.npz").unlink()
    (out / "step.onnx").write_bytes(b"half")
    write_over(out)
    assert [path.name for path in tmp_path.rglob("*")] == ["bundle", "new"]


def test_a_link_to_a_bundle_goes_on_leading_to_the_new_one(tmp_path: Path) -> None:
    copy_of(bundle_path("mb"), tmp_path)
    (tmp_path / "link").symlink_to("bundle")
    write_over(tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert [path.name for path in (tmp_path / "link").iterdir()] == ["new"]
    assert {path.name for path in tmp_path.iterdir()} == {"bundle", "link"}


def test_the_bundle_that_one_stands_in_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(copy_of(bundle_path("mb"), tmp_path))
    write_over(Path())
    assert [path.name for path in tmp_path.rglob("*")] == ["bundle", "new"]


def test_a_link_that_leads_to_itself_is_refused(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises((DeployError, OSError)):
        write_over(tmp_path / "loop")
    assert (tmp_path / "loop").is_symlink()


def test_what_was_put_beside_the_old_bundle_meanwhile_is_not_lost(tmp_path: Path) -> None:
    out = copy_of(bundle_path("mb"), tmp_path)

    def export() -> None:
        with bundle_folder(out) as temporary:
            (temporary / "new").touch()
            (out / "notes.txt").write_text("mine")

    with pytest.raises(DeployError, match=r"holds 'notes\.txt'"):
        export()
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert (out / "notes.txt").read_text() == "mine"


def test_an_old_bundle_that_cannot_be_removed_is_no_failure_of_the_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = copy_of(bundle_path("mb"), tmp_path)

    def fail(path: Path) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "unlink", fail)
    write_over(out)
    assert [path.name for path in out.iterdir()] == ["new"]


def test_the_old_bundle_comes_back_if_the_new_one_cannot_take_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, replace = copy_of(bundle_path("mb"), tmp_path), os.replace
    before = sorted(path.name for path in out.iterdir())

    def fail(source: Path, target: Path) -> None:
        if target == out and ".old." not in source.name:
            raise OSError(28, "No space left on device")
        replace(source, target)

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_over(out)
    assert [path.name for path in tmp_path.iterdir()] == ["bundle"]
    assert sorted(path.name for path in out.iterdir()) == before
