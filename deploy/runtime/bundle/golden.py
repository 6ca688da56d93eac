"""Golden vectors: inputs and outputs of the graphs, stored at the export and run again at a load.

`adapt/<case>/<name>` holds what `adapt.onnx` took and gave, from the prior in `prior.npz`, with a
window that is empty, filled in part, and full. `step/<case>/<name>` holds a control step with the
context of that case. A model that does not adapt has the case `empty` of the step alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import onnxruntime

from controllers import Window
from deploy.errors import DeployError
from deploy.runtime.bundle.compare import (
    CHANGE_TOLERANCE,
    STEP_TOLERANCE,
    change_error,
    relative_error,
)
from deploy.runtime.bundle.manifest import Manifest
from deploy.runtime.bundle.names import (
    ADAPT,
    GOLDEN,
    STEP,
    VALUE,
    adapt_outputs,
    step_outputs,
    value_outputs,
)

__all__ = ["CASES", "check_golden"]

CASES = ("empty", "part", "full")
"""How much of the window holds transitions."""

Arrays = Mapping[str, np.ndarray]


def check_golden(
    manifest: Manifest,
    prior: Sequence[np.ndarray],
    golden: Arrays,
    step: onnxruntime.InferenceSession,
    adapt: onnxruntime.InferenceSession | None,
    value: onnxruntime.InferenceSession | None = None,
) -> dict[str, float]:
    """Run the golden vectors and compare.

    Args:
        manifest: of the bundle.
        prior: the prior's tensors.
        golden: what `golden.npz` holds.
        step: `step.onnx`.
        adapt: `adapt.onnx`, or None.
        value: `value.onnx`, or None.

    Returns:
        The greatest error of the step, of the adapted change, and of the terminal value if there
        is one.

    Raises:
        DeployError: vectors are missing, or this machine computes something else.
    """
    errors = {"step": 0.0, "change": 0.0}
    for case in CASES if adapt is not None else CASES[:1]:
        if adapt is not None:
            feed = dict(zip(manifest.prior, prior, strict=True))
            feed |= {name: _stored(golden, "adapt", case, name) for name in Window._fields}
            for name, found in _run(ADAPT, adapt, adapt_outputs(manifest), feed).items():
                reference = _stored(golden, "adapt", case, name)
                if name.startswith("context"):
                    error = change_error(found, reference, _stored(golden, "adapt", "empty", name))
                else:
                    error = relative_error(found, reference)
                errors["change"] = max(errors["change"], error)
                _require_small(ADAPT, name, case, error, CHANGE_TOLERANCE)
        feed = {name: _stored(golden, "step", case, name) for name in ("observation", "action")}
        for tensor in manifest.context:
            feed[tensor.name] = tensor.as_input(_stored(golden, "adapt", case, tensor.name))
        for name, found in _run(STEP, step, step_outputs(manifest), feed).items():
            error = relative_error(found, _stored(golden, "step", case, name))
            errors["step"] = max(errors["step"], error)
            _require_small(STEP, name, case, error, STEP_TOLERANCE)
    if value is not None:
        feed = {"observation": _at(golden, "value/observation")}
        found = _run(VALUE, value, value_outputs(), feed)["value"]
        errors["value"] = relative_error(found, _at(golden, "value/value"))
        _require_small(VALUE, "value", "recorded", errors["value"], STEP_TOLERANCE)
    return errors


def _stored(golden: Arrays, graph: str, case: str, name: str) -> np.ndarray:
    return _at(golden, f"{graph}/{case}/{name}")


def _at(golden: Arrays, key: str) -> np.ndarray:
    if key not in golden:
        raise DeployError(f"{GOLDEN}: {key} is missing")
    return golden[key]


def _run(
    file: str, session: onnxruntime.InferenceSession, names: Sequence[str], feed: Arrays
) -> dict[str, np.ndarray]:
    try:
        outputs = session.run(list(names), dict(feed))
    except Exception as error:  # ONNX Runtime's exceptions share no base but Exception
        line = " ".join(str(error).split())[:160]
        raise DeployError(f"{file}: cannot run its golden vectors ({line})") from None
    return {name: np.asarray(value) for name, value in zip(names, outputs, strict=True)}


def _require_small(file: str, name: str, case: str, error: float, allowed: float) -> None:
    if not error <= allowed:
        raise DeployError(
            f"{file}: {name} of golden vector {case!r} is off by {error:.2g} on this machine; "
            f"allowed: {allowed:g}"
        )
