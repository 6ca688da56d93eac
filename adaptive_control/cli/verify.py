"""`adaptive-control verify BUNDLE`: is it whole, and does it compute here what torch computed?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import terminal
from deploy.runtime.bundle import load_bundle
from deploy.runtime.bundle.compare import CHANGE_TOLERANCE, STEP_TOLERANCE
from deploy.runtime.bundle.parity import ADAPTED_TOLERANCE, check_parity
from deploy.runtime.bundle.session import onnxruntime_version

__all__ = ["run"]


@dataclass(frozen=True)
class VerifyConfig:
    """Check a bundle on this machine: hashes, versions, golden vectors, recorded transitions."""

    bundle: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="BUNDLE")] = "bundle"
    """Folder that `export` wrote."""


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = parse(VerifyConfig, arguments, "verify", positional=("bundle",))
    bundle = load_bundle(Path(config.bundle))
    parity = check_parity(bundle)
    manifest, golden = bundle.manifest, bundle.golden_errors
    made = manifest.made_with.get("onnxruntime", "unknown")
    lines = {
        "hashes": f"{len(manifest.files) + 1} files as they were written",
        "versions": f"format {manifest.format}, opset {manifest.opset}; ONNX Runtime "
        f"{onnxruntime_version()} here, {made} at the export",
        "golden": f"step off by {golden['step']:.2g} (allowed {STEP_TOLERANCE:g}), "
        f"adapted change by {golden['change']:.2g} (allowed {CHANGE_TOLERANCE:g})",
        "recorded": f"{parity.transitions} transitions: prior off by {parity.prior:.2g} (allowed "
        f"{STEP_TOLERANCE:g}), adapted by {parity.adapted:.2g} (allowed {ADAPTED_TOLERANCE:g})",
        "error there": f"prior {parity.prior_error:.4f}, adapted {parity.adapted_error:.4f} "
        "(squared, in units of variance)",
    }
    console = terminal()
    for name, value in lines.items():
        console.print(f"{name:<12} {value}", markup=False, soft_wrap=True)
    console.print(
        f"{config.bundle} is whole, and this machine computes what it should", markup=False
    )
