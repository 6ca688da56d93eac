"""See it: a robot breaks mid-run; one twin adapts, the other does not."""

from __future__ import annotations
