"""Loading a bundle: everything is checked before anything may reach a robot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import onnxruntime

from controllers import MPCAgent, Planner
from deploy.errors import DeployError
from deploy.runtime.bundle.channels import ChannelMap, match_channels
from deploy.runtime.bundle.files import read_files, unpack_arrays
from deploy.runtime.bundle.golden import check_golden
from deploy.runtime.bundle.manifest import Manifest
from deploy.runtime.bundle.mapped import MappedLink
from deploy.runtime.bundle.model import BundleModel, Prior
from deploy.runtime.bundle.names import (
    ADAPT,
    GOLDEN,
    PRIOR,
    STEP,
    VALUE,
    adapt_inputs,
    adapt_outputs,
    step_inputs,
    step_outputs,
    value_inputs,
    value_outputs,
)
from deploy.runtime.bundle.session import check_signature, make_session
from deploy.runtime.link.base import Channels, RobotLink

__all__ = ["Bundle", "load_bundle"]


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle that has passed every check.

    Attributes:
        path: where it was read from.
        manifest: what it says of itself.
        prior: what adaptation starts from.
        golden: stored inputs and outputs, and recorded transitions.
        golden_errors: greatest error of this machine on the golden vectors.
        step: `step.onnx`.
        adapt: `adapt.onnx`, or None.
        value: `value.onnx`, or None.
    """

    path: Path
    manifest: Manifest
    prior: Prior
    golden: Mapping[str, np.ndarray]
    golden_errors: Mapping[str, float]
    step: onnxruntime.InferenceSession
    adapt: onnxruntime.InferenceSession | None
    value: onnxruntime.InferenceSession | None

    @property
    def action_low(self) -> np.ndarray:
        """Lower action limits, [A] float32."""
        return np.array([channel.low for channel in self.manifest.action], np.float32)

    @property
    def action_high(self) -> np.ndarray:
        """Upper action limits, [A] float32."""
        return np.array([channel.high for channel in self.manifest.action], np.float32)

    def model(self, prior: tuple[np.ndarray, ...] | None = None) -> BundleModel:
        """The model; with a prior of its own if one is given."""
        start = self.prior if prior is None else replace(self.prior, tensors=prior)
        return BundleModel(self.manifest, start, self.step, self.adapt, self.value)

    def agent(
        self, *, seed: int = 0, planner: Planner | None = None, window: int | None = None
    ) -> MPCAgent:
        """The agent for one robot.

        Args:
            seed: of the planner's noise.
            planner: what to plan with; default the manifest's.
            window: transitions to adapt from, at most the manifest's M; default M.

        Raises:
            DeployError: the window is longer than the graph's, or the planner asks for what the
                bundle has not: a terminal value, or what caution charges.
        """
        planner = self.manifest.planner if planner is None else planner
        asking = planner.lookahead.asks_for_value
        if asking and self.value is None:
            raise DeployError(f"{asking} is not allowed; the bundle has no terminal value")
        if planner.lookahead.caution != 1 and self.manifest.format < 4:
            raise DeployError(
                f"caution: {planner.lookahead.caution:g} is not allowed; allowed: 1, as a bundle "
                f"of format {self.manifest.format} does not tell what it charges (export it again)"
            )
        length = self.manifest.window if window is None else window
        if not 1 <= length <= self.manifest.window:
            raise DeployError(f"window: {length} is not allowed; 1 to {self.manifest.window}")
        model = self.model()
        return MPCAgent(
            model,
            planner,
            action_low=self.action_low,
            action_high=self.action_high,
            observation_size=len(self.manifest.observation),
            window=length,
            batch=1,
            gate=self.manifest.gate,
            seed=seed,
            error=model.error,
        )

    def match(self, channels: Channels) -> ChannelMap:
        """How a robot's channels map to the bundle's.

        Raises:
            DeployError: names every channel that does not fit, and what was expected.
        """
        return match_channels(self.manifest, channels)

    def attach(self, link: RobotLink) -> MappedLink:
        """The link with the robot's channels in the bundle's order and signs.

        Raises:
            DeployError: names every channel that does not fit, and what was expected.
        """
        return MappedLink(link, self.manifest, self.match(link.channels))


def load_bundle(path: Path | str) -> Bundle:
    """Read and check a bundle: format, hashes, graphs, prior, golden vectors on this machine.

    Raises:
        DeployError: names the file and what is wrong with it.
    """
    path = Path(path)
    manifest, contents = read_files(path)
    try:
        return _load(path, manifest, contents)
    except DeployError as error:
        raise DeployError(f"bundle {path}: {error}") from None


def _load(path: Path, manifest: Manifest, contents: Mapping[str, bytes]) -> Bundle:
    arrays = unpack_arrays(PRIOR, contents[PRIOR])
    prior = _prior(manifest, arrays)
    golden = unpack_arrays(GOLDEN, contents[GOLDEN])
    step = make_session(STEP, contents[STEP])
    check_signature(STEP, step, step_inputs(manifest), step_outputs(manifest))
    adapt = None
    if manifest.adapts:
        adapt = make_session(ADAPT, contents[ADAPT])
        shapes = dict(zip(manifest.prior, (value.shape for value in prior.tensors), strict=True))
        inputs = {n: s or shapes[n] for n, s in adapt_inputs(manifest).items()}
        check_signature(ADAPT, adapt, inputs, adapt_outputs(manifest))
    value = None
    if VALUE in contents:
        value = make_session(VALUE, contents[VALUE])
        check_signature(VALUE, value, value_inputs(manifest), value_outputs())
    errors = check_golden(manifest, prior.tensors, golden, step, adapt, value)
    return Bundle(path, manifest, prior, golden, errors, step, adapt, value)


def _prior(manifest: Manifest, arrays: Mapping[str, np.ndarray]) -> Prior:
    size = len(manifest.observation)
    for name in (*manifest.prior, "error_scale", "wraps"):
        if name not in arrays:
            what = "" if name in manifest.prior else ", without which errors have no scale"
            raise DeployError(f"{PRIOR}: {name} is missing{what}")
    for name in arrays:
        if name not in (*manifest.prior, "error_scale", "wraps"):
            raise DeployError(f"{PRIOR}: {name} is not known to the manifest")
    scale, wraps = arrays["error_scale"], arrays["wraps"]
    if scale.shape != (size,) or not np.all(scale > 0) or wraps.shape != (size,):
        raise DeployError(f"{PRIOR}: error_scale and wraps must be {size} values, scales above 0")
    tensors = tuple(arrays[name].astype(np.float32, copy=False) for name in manifest.prior)
    return Prior(tensors, scale.astype(np.float32), wraps.astype(bool))
