"""The methods by name: what each is, where it comes from, and whose weights it uses.

A method is a family of dynamics models and a way to train it. Adding one is a file in
`adaptive_control/dynamics/` and an entry here; a package of your own names its `Method` in the
entry point group `adaptive_control.methods`. Training, evaluation, the demo, the exporter and the
plots find it by name. Nothing heavy is imported until a method's class is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import entry_points

from adaptive_control.entry_points import loaded
from adaptive_control.errors import AdaptiveControlError

__all__ = [
    "DEFAULT_METHOD", "METHODS", "METHOD_GROUP", "Method", "checked_method", "fitted_methods",
    "method_names",
]  # fmt: skip

METHOD_GROUP = "adaptive_control.methods"
"""The group of entry points under which a package names its methods."""


@dataclass(frozen=True)
class Method:
    """A way to adapt.

    Attributes:
        name: as users type it, and the `kind` of its class.
        summary: how it adapts, in one line.
        source: the paper.
        implementation: its class, as `module:Class`; a module that begins with a dot is in
            `adaptive_control.dynamics`.
        fitted_as: the method whose checkpoints it uses; None if it is fitted itself.
    """

    name: str
    summary: str
    source: str
    implementation: str
    fitted_as: str | None = None

    @property
    def checkpoint(self) -> str:
        """Name of the method that its checkpoints are made with."""
        return self.fitted_as or self.name


_ALL_OURS = (
    Method("mb", "not at all", "", ".mb:MB"),
    Method(
        "mb-de", "plain gradient steps on the window, the prior trained without them",
        "Krause et al. 2018 (dynamic evaluation); baseline of Nagabandi & Clavera 2019",
        ".dynamic_evaluation:DynamicEvaluation", fitted_as="mb",
    ),
    Method(
        "grbal", "a gradient step on the window, a learned step size for each parameter",
        "Nagabandi & Clavera 2019; Finn 2017 (MAML); Li 2017 (Meta-SGD)", ".grbal:GrBAL",
    ),
    Method(
        "grbal-fo", "as grbal, trained without second derivatives",
        "Finn 2017 (first-order MAML)", ".grbal_first_order:FirstOrderGrBAL",
    ),
    Method(
        "reptile", "plain gradient steps from a prior that is moved to where such steps end",
        "Nichol et al. 2018", ".reptile:Reptile",
    ),
    Method(
        "gbml", "a small network for each layer that turns the window's gradient into an update",
        "Andrychowicz 2016; Park & Oliva 2019 (Meta-Curvature)", ".gbml:GBML",
    ),
    Method(
        "rebal", "a GRU that reads the window; its state conditions the model",
        "Nagabandi & Clavera 2019", ".rebal:ReBAL",
    ),
    Method(
        "pets", "not at all; an ensemble of Gaussian networks, the mean over members is planned on",
        "Chua 2018 (PE-TS)", ".pets:PETS",
    ),
    Method(
        "cadm", "an encoder of the window, trained to predict forward and backward in time",
        "Lee et al. 2020 (CaDM)", ".cadm:CaDM",
    ),
    Method(
        "last-layer", "Bayesian least squares on the last layer, in closed form",
        "Harrison 2018 (ALPaCA)", ".last_layer:LastLayer",
    ),
    Method(
        "hybrid", "least squares on what each actuator does now, then on the last layer",
        "this project; after Harrison 2018", ".hybrid:Hybrid",
    ),
    Method(
        "combined", "as hybrid, with a gradient step on every layer between the two least squares",
        "this project; Nagabandi & Clavera 2019; Harrison 2018", ".combined:Combined",
    ),
)  # fmt: skip


_OURS = {method.name: method for method in _ALL_OURS}


class _Methods(Mapping[str, Method]):
    """Ours, then those of installed packages, which are loaded when somebody asks for more."""

    def __getitem__(self, name: str) -> Method:
        return _OURS[name] if name in _OURS else _known()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(_known())

    def __len__(self) -> int:
        return len(_known())


@cache
def _known() -> Mapping[str, Method]:
    known = dict(_OURS)
    for point in sorted(entry_points(group=METHOD_GROUP), key=lambda point: point.name):
        if point.name in known:
            raise AdaptiveControlError(
                f"method {point.name!r} of {point.value} is there already; allowed: another name"
            )
        method = loaded(point, "method")
        if not isinstance(method, Method):
            raise AdaptiveControlError(f"method {point.name!r}: {point.value} is no Method")
        if method.name != point.name:
            raise AdaptiveControlError(
                f"method {point.name!r}: {point.value} calls itself {method.name!r}"
            )
        known[point.name] = method
    fitted = [name for name, method in known.items() if method.fitted_as is None]
    for name, method in known.items():
        if method.fitted_as is not None and method.fitted_as not in fitted:
            raise AdaptiveControlError(
                f"method {name!r}: fitted_as={method.fitted_as} is not fitted itself; "
                f"allowed: {', '.join(fitted)}"
            )
    return known


METHODS: Mapping[str, Method] = _Methods()
"""All methods, in the order in which tables show them."""

DEFAULT_METHOD = "combined"
"""What a command uses when no method is named. Where a robot has pretrained models, one of it is
among them."""


def method_names() -> tuple[str, ...]:
    """All names, in the order in which tables show them."""
    return tuple(METHODS)


def fitted_methods() -> tuple[str, ...]:
    """The names of the methods that are trained themselves."""
    return tuple(name for name, method in METHODS.items() if method.fitted_as is None)


def checked_method(name: str, field: str = "model") -> Method:
    """The method of that name.

    Raises:
        AdaptiveControlError: there is none; names `field` and what is allowed.
    """
    if name not in METHODS:
        raise AdaptiveControlError(
            f"{field}: {name!r} is unknown; allowed: {', '.join(method_names())}"
        )
    return METHODS[name]
