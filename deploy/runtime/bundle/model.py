"""A bundle's model on numpy: what `controllers.MPCAgent` plans with on a robot."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import onnxruntime

from controllers import Lookahead, Window, who_goes_on
from deploy.errors import DeployError
from deploy.runtime.bundle.manifest import Manifest
from deploy.runtime.bundle.names import adapt_outputs, next_name, step_outputs
from deploy.runtime.bundle.session import run_arrays

__all__ = ["Adaptation", "BundleModel", "Prior"]

Context = tuple[np.ndarray, ...]


@dataclass(frozen=True, eq=False)
class Prior:
    """What `prior.npz` holds.

    Attributes:
        tensors: the prior, in the order of `Manifest.prior`.
        error_scale: `[S]`, standard deviation of what the model predicts, in the fields' units.
        wraps: `[S]` bool, fields whose differences are taken modulo 2 pi.
    """

    tensors: tuple[np.ndarray, ...]
    error_scale: np.ndarray
    wraps: np.ndarray


@dataclass(frozen=True)
class Adaptation:
    """How the last adaptation went.

    Attributes:
        loss_before: the prior's squared error on the window, in units of variance.
        loss_after: the adapted context's.
        step_norm: Euclidean norm of `context - prior`, all tensors together; where a gradient step
            was shortened, of that step as it was before.
    """

    loss_before: float
    loss_after: float
    step_norm: float


class BundleModel:
    """A dynamics model and a reward for one robot (`controllers.AdaptiveModel`, B = 1).

    Args:
        manifest: of the bundle.
        prior: what adaptation starts from.
        step: `step.onnx`.
        adapt: `adapt.onnx`; None for a model that does not adapt.
        value: `value.onnx`; None for a model without terminal value.
    """

    def __init__(
        self,
        manifest: Manifest,
        prior: Prior,
        step: onnxruntime.InferenceSession,
        adapt: onnxruntime.InferenceSession | None,
        value: onnxruntime.InferenceSession | None = None,
    ) -> None:
        self._manifest, self._prior = manifest, prior
        self._step, self._adapt, self._value = step, adapt, value
        self._changes = tuple(tensor.changes for tensor in manifest.context)
        self._step_outputs = list(step_outputs(manifest))
        changed = [next_name(t.name) for t in manifest.context if t.changes]
        # What planning asks for: what caution charges is in the reward, and rarely wanted apart.
        self._plan_outputs = ["next_observation", "reward", "ends", *changed]
        self._predict_outputs = ["next_observation", *changed]
        self._adapt_outputs = list(adapt_outputs(manifest))
        self._prior_feed = dict(zip(manifest.prior, prior.tensors, strict=True))
        self._last: Adaptation | None = None
        self._prior_context = self._unadapted()

    @property
    def last_adaptation(self) -> Adaptation | None:
        """How the last `adapt` went; None before the first."""
        return self._last

    def prior_context(self, batch: int) -> Context:
        """The context without adaptation, `[1, ...]` each."""
        _require_one(batch)
        return self._prior_context

    def adapt(self, window: Window) -> Context:
        """The context that the window `[1, m, ...]` asks for; m is at most the bundle's M."""
        if self._adapt is None:
            return ()
        context, self._last = self._run_adapt(window)
        return context

    def predict(
        self, context: Context, observation: np.ndarray, action: np.ndarray
    ) -> tuple[np.ndarray, Context]:
        """One control step ahead: `[1, N, S]`, `[1, N, A]` -> `[1, N, S]`, context after."""
        _require_one(observation.shape[0])
        feed = self._fed(context)
        feed["observation"], feed["action"] = _single(observation[0]), _single(action[0])
        following, *changed = run_arrays(self._step, self._predict_outputs, feed)
        return following[None], self._next(context, changed)

    def step(
        self, context: Context, observation: np.ndarray, action: np.ndarray
    ) -> list[np.ndarray]:
        """All that `step.onnx` gives, in its order: `[N, S]`, `[N, A]` -> `[N, S]`, `[N]`, ..."""
        feed = self._fed(context)
        feed["observation"], feed["action"] = _single(observation), _single(action)
        return run_arrays(self._step, self._step_outputs, feed)

    def value(self, observation: np.ndarray) -> np.ndarray:
        """What is expected from each observation on: `[N, S]` -> `[N]`."""
        if self._value is None:
            raise DeployError("terminal value: the bundle has none")
        (value,) = run_arrays(self._value, ["value"], {"observation": _single(observation)})
        return value

    def returns(
        self,
        context: Context,
        observation: np.ndarray,
        actions: np.ndarray,
        lookahead: Lookahead = Lookahead(),  # noqa: B008 - frozen
    ) -> np.ndarray:
        """The return of each candidate: `[1, S]`, `[1, N, H, A]` -> `[1, N]`, -inf if dropped."""
        _require_one(observation.shape[0])
        count, horizon = actions.shape[1:3]
        drops = lookahead.drops(count, horizon)
        # One copy for the whole horizon: each step's actions then lie together in memory.
        by_step = np.ascontiguousarray(actions[0].swapaxes(0, 1), dtype=np.float32)
        feed = self._fed(context)
        feed["observation"] = np.repeat(_single(observation), count, axis=0)
        total = np.zeros(count, np.float32)
        safe = np.ones(count, np.float32)
        numbers = np.arange(count)  # of those that are left
        step, outputs = self._step, self._plan_outputs
        more = np.float32(lookahead.caution - 1)
        if more:
            outputs = [*outputs, "charge"]
        for number, action in enumerate(by_step, start=1):
            feed["action"] = action if len(numbers) == count else action[numbers]
            feed["observation"], reward, ends, *changed = run_arrays(step, outputs, feed)
            if more:
                reward -= more * changed.pop()
            reward *= safe
            total += reward
            safe *= 1 - ends
            if changed:
                context = self._next(context, changed)
                feed.update(self._fed(context))
            if number in drops:
                promised = total + safe * self.value(feed["observation"])
                best = who_goes_on(promised, drops[number])
                numbers, total, safe = numbers[best], total[best], safe[best]
                feed["observation"] = feed["observation"][best]
        if lookahead.terminal:
            total += np.float32(lookahead.terminal) * safe * self.value(feed["observation"])
        if len(numbers) == count:
            return total[None]
        returns = np.full((1, count), -np.inf, np.float32)
        returns[0, numbers] = total
        return returns

    def error(self, predicted: np.ndarray, observed: np.ndarray) -> np.ndarray:
        """Squared prediction error, `[1, S]`, `[1, S]` -> `[1]`, in units of variance."""
        difference = predicted - observed
        wrapped = np.mod(difference + np.float32(math.pi), np.float32(2 * math.pi))
        wrapped -= np.float32(math.pi)
        difference = np.where(self._prior.wraps, wrapped, difference)
        return ((difference / self._prior.error_scale) ** 2).mean(-1)

    def _unadapted(self) -> Context:
        """The context of an empty window, which is the prior's for every method."""
        if self._adapt is None:
            return ()
        m = self._manifest.window
        sizes = (len(self._manifest.observation), len(self._manifest.action))
        nothing = [np.zeros((1, m, width), np.float32) for width in (*sizes, sizes[0], 1)]
        return self._run_adapt(Window(*nothing))[0]

    def _run_adapt(self, window: Window) -> tuple[Context, Adaptation]:
        assert self._adapt is not None
        missing = self._manifest.window - window.mask.shape[1]
        feed = dict(self._prior_feed)
        for name, slots in zip(Window._fields, window, strict=True):
            _require_one(slots.shape[0])
            feed[name] = _padded(slots[0], missing)
        *context, before, after, norm = run_arrays(self._adapt, self._adapt_outputs, feed)
        return tuple(context), Adaptation(float(before), float(after), float(norm))

    def _fed(self, context: Context) -> dict[str, np.ndarray]:
        """The context as inputs of `step.onnx`."""
        tensors = zip(self._manifest.context, context, strict=True)
        return {tensor.name: tensor.as_input(value) for tensor, value in tensors}

    def _next(self, context: Context, changed: list[np.ndarray]) -> Context:
        if not changed:
            return context
        new = iter(changed)
        return tuple(
            next(new) if changes else old
            for changes, old in zip(self._changes, context, strict=True)
        )


def _single(value: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(value, dtype=np.float32)


def _padded(slots: np.ndarray, missing: int) -> np.ndarray:
    """`[m, ...]` with empty slots at the front, `[M, ...]`."""
    if missing < 0:
        raise DeployError(
            f"window: {slots.shape[0]} is more than the bundle's {slots.shape[0] + missing}"
        )
    if missing == 0:
        return _single(slots)
    return np.concatenate([np.zeros((missing, slots.shape[1]), np.float32), _single(slots)])


def _require_one(batch: int) -> None:
    if batch != 1:
        raise DeployError(f"batch: {batch} is not allowed; a bundle runs one robot")
