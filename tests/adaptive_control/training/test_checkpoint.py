from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from adaptive_control.dynamics import make_dynamics
from adaptive_control.dynamics.value import TerminalValue
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import METHODS
from adaptive_control.training import load_model, save_model
from tests.adaptive_control.models import KINDS, LAYOUT, random_window


def saved(path, kind="grbal", robot="half-cheetah", value=None):
    dynamics = make_dynamics(kind, LAYOUT, (8, 8), seed=3)
    flat = [v.flatten(0, 1).float() for v in random_window(2, 20)[:3]]
    dynamics.fit_normalizers(*flat)
    save_model(
        path, dynamics, robot=robot, window=7, hidden=(8, 8), metadata={"note": [1]}, value=value
    )
    return dynamics


@pytest.mark.parametrize("kind", KINDS)
def test_a_saved_model_predicts_the_same(tmp_path, kind):
    dynamics = saved(tmp_path / "m.safetensors", kind)
    loaded = load_model(tmp_path / "m.safetensors", robot="half-cheetah")
    assert (loaded.kind, loaded.robot, loaded.window) == (kind, "half-cheetah", 7)
    assert loaded.metadata == {"note": [1]}
    window = type(random_window(1, 1))(*(v.float() for v in random_window(2, 7)))
    for model in (dynamics, loaded.dynamics):
        model.requires_grad_(False)
    first, second = (
        m.predict(m.adapt(window), window.observation, window.action)[0]
        for m in (dynamics, loaded.dynamics)
    )
    assert torch.equal(first, second)
    assert [p.name for p in tmp_path.iterdir()] == ["m.safetensors"]


def test_a_terminal_value_is_kept_and_its_absence_too(tmp_path):
    value = TerminalValue(LAYOUT, torch.Generator().manual_seed(5))
    value.mean.fill_(4.0)
    saved(tmp_path / "with.safetensors", value=value)
    saved(tmp_path / "without.safetensors")
    loaded = load_model(tmp_path / "with.safetensors").value
    assert loaded is not None
    observation = random_window(2, 7).observation.float()
    assert torch.equal(loaded(observation), value(observation))
    assert load_model(tmp_path / "without.safetensors").value is None


def test_format_1_had_no_terminal_value(tmp_path):
    path = tmp_path / "m.safetensors"
    saved(path)
    with safe_open(path, "pt") as file:
        header = json.loads(file.metadata()["adaptive_control"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    del header["value"]
    header["format"] = 1
    save_file(tensors, path, metadata={"adaptive_control": json.dumps(header)})
    assert load_model(path).value is None


SHARING = [name for name, method in METHODS.items() if method.fitted_as is not None]


@pytest.mark.parametrize("name", SHARING)
def test_a_method_loads_the_weights_that_it_shares(tmp_path, name):
    path = tmp_path / "m.safetensors"
    made = saved(path, METHODS[name].checkpoint)
    loaded = load_model(path, "half-cheetah", method=name)
    assert loaded.kind == name
    for tensor, value in made.state_dict().items():
        assert torch.equal(value, loaded.dynamics.state_dict()[tensor]), tensor
    assert load_model(path).kind == METHODS[name].checkpoint
    # Without evidence both predict the same.
    window = type(random_window(1, 1))(*(v.float() for v in random_window(2, 7, filled=0)))
    first, second = (
        m.predict(m.adapt(window), window.observation, window.action)[0]
        for m in (made.requires_grad_(False), loaded.dynamics)
    )
    torch.testing.assert_close(first, second)


def test_weights_of_another_method_are_refused(tmp_path):
    path = tmp_path / "m.safetensors"
    saved(path, "grbal")
    for method, match in (
        ("mb-de", "holds a grbal model, not mb, whose weights mb-de uses"),
        ("rebal", "holds a grbal model, not rebal"),
        ("grball", "method: 'grball' is unknown; allowed: mb, mb-de, grbal"),
    ):
        with pytest.raises(AdaptiveControlError, match=match) as error:
            load_model(path, method=method)
        assert "\n" not in str(error.value)


def rewrite(path, change_header=lambda h: None, change_tensors=lambda t: None):
    with safe_open(path, framework="pt") as file:
        header = json.loads(file.metadata()["adaptive_control"])
        tensors = {n: file.get_tensor(n) for n in file.keys()}  # noqa: SIM118
    change_header(header)
    change_tensors(tensors)
    save_file(tensors, path, metadata={"adaptive_control": json.dumps(header)})


def test_bad_checkpoints_are_refused_in_one_line(tmp_path):
    path = tmp_path / "m.safetensors"

    def refused(match: str, robot: str | None = None):
        with pytest.raises(AdaptiveControlError, match=match) as error:
            load_model(path, robot)
        assert "\n" not in str(error.value)
        assert "m.safetensors" in str(error.value)

    refused("no such file")
    saved(path)
    refused("trained for robot 'half-cheetah', not for 'ant'", "ant")
    whole = path.read_bytes()
    for length in (0, 7, 100, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        refused("truncated or not a model")
    saved(path)
    rewrite(path, lambda h: h.update(format=99))
    refused("format 99")
    saved(path)
    rewrite(path, lambda h: h.update(kind="gball"))
    refused("method 'gball' is unknown to this version")
    saved(path)
    rewrite(path, lambda h: h.update(hidden=[9, 9]))
    refused("does not fit")
    saved(path)
    rewrite(path, change_tensors=lambda t: t["theta.1"].fill_(float("nan")))
    refused("theta.1 holds non-finite")
