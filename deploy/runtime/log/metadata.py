"""What ties a log to the bundle that made it."""

from __future__ import annotations

import hashlib
from pathlib import Path

__all__ = ["fingerprint"]


def fingerprint(bundle: Path) -> str:
    """Hash of a bundle's manifest, which holds the hashes of all its files."""
    return hashlib.sha256((bundle / "manifest.json").read_bytes()).hexdigest()
