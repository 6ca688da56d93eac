"""A manifest that would break its reader is refused in one line."""

from __future__ import annotations

import json

import pytest

from deploy.errors import DeployError
from deploy.runtime.bundle.manifest import _digest, listed_files, read_manifest, write_manifest
from deploy.runtime.bundle.names import MANIFEST
from tests.deploy.bundles import bundle_path


def refused(text: str, words: str) -> None:
    with pytest.raises(DeployError, match=words) as caught:
        read_manifest(text.encode())
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("depth", [950, 990, 200_000])
def test_a_manifest_that_is_nested_without_end_is_refused(depth: int) -> None:
    """Some can be read and not be written again, which its hash asks for."""
    refused(f'{{"format": 3, "robot": {"[" * depth}{"]" * depth}}}', r"manifest\.json: ")


def test_a_number_beyond_all_bounds_is_refused() -> None:
    table = json.loads((bundle_path() / MANIFEST).read_text())
    table["action"][0]["high"] = 10**400
    del table["sha256"]
    table["sha256"] = _digest(table)
    refused(json.dumps(table), r"manifest\.json: OverflowError")


def test_the_files_of_a_bundle_are_those_that_it_lists() -> None:
    content = (bundle_path() / MANIFEST).read_bytes()
    manifest = read_manifest(content)
    assert listed_files(content) == set(manifest.files)
    assert listed_files(write_manifest(manifest)) == set(manifest.files)
