"""Reading a bundle's files: only those that belong to it, whole, and unchanged since the export."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from deploy.errors import DeployError
from deploy.runtime.bundle.manifest import FileEntry, Manifest, read_manifest
from deploy.runtime.bundle.names import ADAPT, ALLOWED, MANIFEST, VALUE

__all__ = ["entry_of", "pack_arrays", "read_files", "read_plain", "unpack_arrays"]

LARGEST = 512 * 1024 * 1024
"""Bytes; a bigger file is not read."""
LARGEST_MANIFEST = 1024 * 1024
"""Bytes; it is read before its size is known to be right."""


def entry_of(content: bytes) -> FileEntry:
    """What the manifest says of a file with this content."""
    return FileEntry(hashlib.sha256(content).hexdigest(), len(content))


def read_files(folder: Path) -> tuple[Manifest, dict[str, bytes]]:
    """The manifest and the content of every other file, checked against it.

    Each file is read once: what was hashed is what will run.

    Raises:
        DeployError: names the file and what is wrong with it.
    """
    if not folder.is_dir():
        raise DeployError(f"bundle {folder}: no such folder")
    present = sorted(os.listdir(folder))
    if MANIFEST not in present:
        raise DeployError(f"bundle {folder}: {MANIFEST} is missing; is this a bundle?")
    try:
        manifest = read_manifest(read_plain(folder, MANIFEST, LARGEST_MANIFEST))
        expected = _expected(manifest)
        for name in present:
            if name not in (MANIFEST, *expected):
                raise DeployError(f"{name!r}: does not belong to the bundle")
        contents = {}
        for name in expected:
            if name not in present:
                raise DeployError(f"{name}: is missing")
            contents[name] = _verified(folder, name, manifest.files[name])
    except DeployError as error:
        raise DeployError(f"bundle {folder}: {error}") from None
    return manifest, contents


def _expected(manifest: Manifest) -> tuple[str, ...]:
    """The names that the manifest must list: these and no others, so never a path."""
    for name in manifest.files:
        if name not in ALLOWED:
            raise DeployError(f"{MANIFEST}: files: {name!r} is not allowed; {', '.join(ALLOWED)}")
    if VALUE in manifest.files and manifest.format < 2:
        raise DeployError(f"{MANIFEST}: files: {VALUE!r} is not allowed in format 1")
    there = {ADAPT: manifest.adapts, VALUE: VALUE in manifest.files}
    expected = tuple(name for name in ALLOWED if there.get(name, True))
    if set(manifest.files) != set(expected):
        raise DeployError(f"{MANIFEST}: files must be {', '.join(expected)}")
    return expected


def _verified(folder: Path, name: str, entry: FileEntry) -> bytes:
    content = read_plain(folder, name, entry.size)
    if len(content) != entry.size:
        raise DeployError(f"{name}: has {len(content)} bytes, not {entry.size}; it was cut off")
    if entry_of(content) != entry:
        raise DeployError(f"{name}: was changed after the export, or is another bundle's (sha256)")
    return content


def read_plain(folder: Path, name: str, expected: int) -> bytes:
    """The content of a plain file of at most `expected` bytes.

    Raises:
        DeployError: it is none, is longer, or cannot be read.
    """
    limit = min(expected, LARGEST)
    try:
        # Neither through a symbolic link, nor waiting for whoever should write to a pipe.
        flags = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        descriptor = os.open(folder / name, os.O_RDONLY | flags)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise DeployError(f"{name}: is not a plain file")
            if status.st_size > limit:
                raise DeployError(f"{name}: has {status.st_size} bytes, at most {limit} expected")
            return file.read(limit + 1)
    except OSError as error:
        raise DeployError(f"{name}: cannot be read ({error.strerror})") from None


def pack_arrays(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Arrays as the content of an `.npz` file."""
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **arrays)  # pyright: ignore[reportArgumentType]
    return buffer.getvalue()


def unpack_arrays(name: str, content: bytes) -> dict[str, np.ndarray]:
    """The arrays in the content of an `.npz` file, all finite; nothing is unpickled.

    Raises:
        DeployError: it is no such file, or a value is not finite.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = {key: file[key] for key in file.files}
    except (ValueError, OSError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise DeployError(f"{name}: cannot be read ({error})") from None
    for key, value in arrays.items():
        if value.dtype.kind not in "fbiu" or not np.all(np.isfinite(value)):
            raise DeployError(f"{name}: {key} holds values that are not finite numbers")
    return arrays
