"""Where a bundle is written: beside its name first, and onto another one only if that is ours."""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from adaptive_control.signals import uninterrupted
from deploy.errors import DeployError
from deploy.runtime.bundle.files import LARGEST_MANIFEST, read_plain
from deploy.runtime.bundle.manifest import listed_files
from deploy.runtime.bundle.names import ALLOWED, MANIFEST

__all__ = ["bundle_folder", "checked_out"]


def checked_out(out: Path) -> Path:
    """The folder that `out` names, links followed.

    Raises:
        DeployError: it is neither new nor a bundle that holds nothing but a bundle's own files.
    """
    try:
        folder = out.resolve()
    except (OSError, RuntimeError) as error:  # a link that leads to itself
        raise DeployError(f"out: {out}: {error}; allowed: a new folder, or a bundle") from None
    if folder.exists():
        _contents(folder)
    return folder


def _contents(folder: Path) -> list[Path]:
    """The files of the bundle in a folder: all that may be removed for another one.

    Raises:
        DeployError: the folder holds something else.
    """

    def refuse(reason: str) -> DeployError:
        return DeployError(f"out: {folder} {reason}; allowed: a new folder, or a bundle")

    if not folder.is_dir() or MANIFEST not in (names := sorted(os.listdir(folder))):
        raise refuse("exists and is no bundle")
    try:
        # Many programs keep a manifest.json; only ours is closed by a hash of this kind.
        listed = listed_files(read_plain(folder, MANIFEST, LARGEST_MANIFEST))
    except DeployError as error:
        raise refuse(f"exists and is no bundle ({error})") from None
    for name in names:
        ours = name == MANIFEST or (name in listed and name in ALLOWED)
        if not (ours and stat.S_ISREG(os.lstat(folder / name).st_mode)):
            raise refuse(f"holds {name!r}, which is no file of the bundle and would be lost")
    return [folder / name for name in names]


@contextmanager
def bundle_folder(out: Path) -> Iterator[Path]:
    """A folder under a temporary name that takes the name `out` when the block ends well.

    Args:
        out: from `checked_out`.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    temporary = out.with_name(f".{out.name}.{uuid4().hex[:12]}")
    try:
        temporary.mkdir()
        yield temporary
        with uninterrupted():
            _take_name(temporary, out)
    except BaseException:
        with uninterrupted():  # whoever is impatient must not leave half of it
            shutil.rmtree(temporary, ignore_errors=True)
        raise


def _take_name(temporary: Path, out: Path) -> None:
    """Rename a folder, over another one if there is one."""
    if not out.exists():
        os.replace(temporary, out)
        return
    _contents(out)  # an export takes long enough to put a file of one's own beside the old bundle
    # A folder cannot be renamed onto one that is not empty: the old bundle steps aside.
    old = out.with_name(f".{out.name}.old.{uuid4().hex[:12]}")
    os.replace(out, old)
    try:
        os.replace(temporary, out)
    except OSError:
        os.replace(old, out)
        raise
    # The new bundle stands: that some of the old one cannot be removed is no failure of it.
    with contextlib.suppress(OSError, DeployError):
        for path in _contents(old):
            path.unlink()
        old.rmdir()
