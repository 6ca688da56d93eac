"""Whatever ships can be deployed."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptive_control.pretrained import pretrained_names
from deploy.export.config import ExportConfig
from deploy.export.run import run_export
from deploy.runtime.bundle import load_bundle
from deploy.runtime.bundle.compare import CHANGE_TOLERANCE
from deploy.runtime.bundle.names import MANIFEST


@pytest.mark.slow
@pytest.mark.parametrize("name", pretrained_names())
def test_every_shipped_model_is_exported(tmp_path: Path, name: str) -> None:
    robot, _, kind = name.rpartition("-")
    result = run_export(ExportConfig(checkpoint=f"{robot}/{kind}", out=str(tmp_path / "bundle")))
    assert (tmp_path / "bundle" / MANIFEST).is_file()
    manifest = load_bundle(tmp_path / "bundle").manifest
    assert (manifest.robot, manifest.kind) == (robot, kind)
    assert result.random_change <= CHANGE_TOLERANCE
    assert (result.random_change > 0) == manifest.adapts
