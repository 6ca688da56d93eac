"""Bundles: what is in them, loading them, checking them."""
