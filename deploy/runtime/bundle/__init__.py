"""Bundles: what is in them, loading them, checking them."""

from __future__ import annotations

from deploy.runtime.bundle.channels import ChannelMap
from deploy.runtime.bundle.load import Bundle, load_bundle
from deploy.runtime.bundle.manifest import Manifest
from deploy.runtime.bundle.model import Adaptation, BundleModel

__all__ = ["Adaptation", "Bundle", "BundleModel", "ChannelMap", "Manifest", "load_bundle"]
