"""Writes bundles from checkpoints; the only part of `deploy` that needs torch."""
