"""Data that is given to an evaluation: of which robot it is, as the run beside it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.evaluation.plan import make_plan
from tests.adaptive_control.evaluation.serial import tiny


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", r"config\.json: cannot be read"),
        ('["robot"]', r"config\.json: holds no table of settings"),
        ('{"robot": "ant"}', "data: .* is of robot 'ant', not of 'half-cheetah'"),
    ],
)
def test_a_run_that_cannot_be_used_is_refused_in_one_line(
    tmp_path: Path, content: str, words: str
) -> None:
    (tmp_path / "episodes").mkdir()
    (tmp_path / "episodes" / "000.npz").write_bytes(b"")
    (tmp_path / "config.json").write_text(content)
    config = tiny(Path("nowhere"), models="cadm", oracles="none", data=tmp_path)
    with pytest.raises(AdaptiveControlError, match=words) as error:
        make_plan(config)
    assert "\n" not in str(error.value)
