"""ONNX Runtime as a control loop wants it: one thread, in order, never spinning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import cast

import numpy as np
import onnxruntime

from deploy.errors import DeployError

__all__ = ["check_signature", "make_session", "onnxruntime_version", "run_arrays"]


def onnxruntime_version() -> str:
    """The version that runs here."""
    return onnxruntime.__version__


def make_session(name: str, content: bytes) -> onnxruntime.InferenceSession:
    """A session for the graph in `content`.

    The default threads would fight the control loop for the cores: on a busy machine two threads
    double the latency of graphs as small as these.

    Args:
        name: of the file, for messages.
        content: of the file; it is never read again, so what was hashed is what runs.

    Raises:
        DeployError: ONNX Runtime cannot load the graph.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.inter_op.allow_spinning", "0")
    options.log_severity_level = 3  # errors; they are raised as well
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # its exceptions share no base but Exception
        raise DeployError(
            f"{name}: ONNX Runtime {onnxruntime.__version__} cannot load it ({_line(error)})"
        ) from None


def check_signature(
    name: str,
    session: onnxruntime.InferenceSession,
    inputs: Mapping[str, Sequence[int | None]],
    outputs: tuple[str, ...],
) -> None:
    """Refuse a graph whose inputs or outputs are not those that the manifest tells of.

    Args:
        name: of the file, for messages.
        session: with the graph.
        inputs: shape by name, None where any length fits.
        outputs: names, in order.

    Raises:
        DeployError: says what differs.
    """
    found = {item.name: item for item in session.get_inputs()}
    if tuple(found) != tuple(inputs):
        raise DeployError(f"{name}: takes {', '.join(found)}; expected {', '.join(inputs)}")
    for key, shape in inputs.items():
        actual = [d if isinstance(d, int) else None for d in found[key].shape]
        if actual != list(shape) or found[key].type != "tensor(float)":
            raise DeployError(
                f"{name}: input {key} is {found[key].type} {found[key].shape}; "
                f"expected tensor(float) {list(shape)}"
            )
    names = tuple(item.name for item in session.get_outputs())
    if names != outputs:
        raise DeployError(f"{name}: gives {', '.join(names)}; expected {', '.join(outputs)}")


def run_arrays(
    session: onnxruntime.InferenceSession, outputs: Sequence[str], feed: Mapping[str, np.ndarray]
) -> list[np.ndarray]:
    """Run a graph whose outputs are all plain arrays, as those of a bundle are."""
    return cast("list[np.ndarray]", session.run(outputs, feed))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
