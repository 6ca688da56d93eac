"""The command line: one small file a command."""

from __future__ import annotations
