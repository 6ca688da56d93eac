"""The registry: every entry leads to a class that agrees with it, and reading it is cheap."""

from __future__ import annotations

import dataclasses
import subprocess
import sys

import pytest

from adaptive_control.dynamics import DYNAMICS, make_dynamics
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import (
    DEFAULT_METHOD,
    METHODS,
    checked_method,
    fitted_methods,
    method_names,
)
from adaptive_control.pretrained import pretrained_names, pretrained_path
from adaptive_control.training import TrainConfig
from robots import robot_names
from tests.adaptive_control.models import LAYOUT


@pytest.mark.parametrize("name", method_names())
def test_an_entry_and_its_class_agree(name):
    method = METHODS[name]
    assert (method.name, DYNAMICS[name].kind) == (name, name)
    assert method.summary
    assert "\n" not in method.summary
    assert method.source or name == "mb"


def test_shared_weights_fit():
    """A method that uses another's checkpoints has the same tensors; chains are not followed."""
    for name, method in METHODS.items():
        owner = METHODS[method.checkpoint]
        assert owner.fitted_as is None
        first, second = (make_dynamics(n, LAYOUT, (4,), 0).state_dict() for n in (name, owner.name))
        assert {n: v.shape for n, v in first.items()} == {n: v.shape for n, v in second.items()}


def test_what_is_fitted_itself_can_be_trained_and_nothing_else():
    assert set(fitted_methods()) == {n for n, m in METHODS.items() if m.fitted_as is None}
    for name in method_names():
        if name in fitted_methods():
            assert TrainConfig(model=name).model == name
        else:
            with pytest.raises(AdaptiveControlError, match=f"model={name}: uses the weights of"):
                TrainConfig(model=name)
    with pytest.raises(AdaptiveControlError, match="model: 'grball' is unknown; allowed: mb, "):
        TrainConfig(model="grball")


def test_the_default_ships_for_every_robot_that_has_models():
    assert checked_method(DEFAULT_METHOD).name == DEFAULT_METHOD
    shipped = {robot for robot in robot_names() if f"{robot}-mb" in pretrained_names()}
    assert {"ant", "half-cheetah"} <= shipped
    for robot in shipped:
        assert pretrained_path(robot, DEFAULT_METHOD).stem in pretrained_names()


def test_a_method_that_shares_weights_ships_with_them():
    assert pretrained_path("half-cheetah", "mb-de") == pretrained_path("half-cheetah", "mb")
    with pytest.raises(AdaptiveControlError, match=r"train dog --model mb$"):
        pretrained_path("dog", "mb-de")


def test_entries_cannot_be_changed():
    with pytest.raises(TypeError):
        METHODS["mb"] = METHODS["grbal"]  # pyright: ignore[reportIndexIssue]
    with pytest.raises(dataclasses.FrozenInstanceError):
        METHODS["mb"].name = "other"  # pyright: ignore[reportAttributeAccessIssue]


def test_reading_the_registry_is_light():
    code = (
        "import adaptive_control.methods, adaptive_control.pretrained, sys; "
        "print(*sorted(set(sys.modules) & {'torch', 'mujoco', 'gymnasium', 'numpy'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []
