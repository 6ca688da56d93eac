"""Files appear whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from adaptive_control.files import atomic_path, write_json, write_text


def test_a_file_appears_only_when_the_block_ends(tmp_path: Path) -> None:
    path = tmp_path / "new" / "film.mp4"
    with atomic_path(path) as temporary:
        assert temporary.parent == path.parent, "a rename is atomic only within one file system"
        assert temporary.suffix == ".mp4", "writers choose the format by the suffix"
        temporary.write_bytes(b"whole")
        assert not path.exists()
    assert path.read_bytes() == b"whole"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_error_leaves_the_old_content_and_no_rubbish(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "metrics.json"
    write_text(path, "old")

    def interrupted() -> None:
        with atomic_path(path) as temporary:
            temporary.write_text("hal")
            raise error

    with pytest.raises(error):
        interrupted()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_block_that_writes_nothing_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "film.mp4"):
        pass
    assert not list(tmp_path.iterdir())


def test_json_has_null_for_what_is_not_a_number(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    write_json(
        path,
        {
            "nan": float("nan"),
            "scalar": np.float32(0.5),
            "array": np.array([1.0, np.inf]),
            "path": Path("a/b"),
            "nested": {"tuple": (1, None, True, "text")},
        },
    )
    assert json.loads(path.read_text()) == {
        "nan": None,
        "scalar": 0.5,
        "array": [1.0, None],
        "path": "a/b",
        "nested": {"tuple": [1, None, True, "text"]},
    }


def test_json_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_json(tmp_path / "metrics.json", {"what": object()})
    assert not list(tmp_path.iterdir())


def test_what_cannot_be_written_is_told_by_the_name_that_was_asked_for(tmp_path):
    path = tmp_path / "a.txt"
    with pytest.raises(FileNotFoundError) as error, atomic_path(path) as temporary:
        temporary.read_bytes()
    assert error.value.filename == str(path)
