from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from adaptive_control.dynamics import make_dynamics
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.training import load_model, save_model
from tests.adaptive_control.models import KINDS, LAYOUT, random_window


def saved(path, kind="grbal", robot="half-cheetah"):
    dynamics = make_dynamics(kind, LAYOUT, (8, 8), seed=3)
    flat = [v.flatten(0, 1).float() for v in random_window(2, 20)[:3]]
    dynamics.fit_normalizers(*flat)
    save_model(path, dynamics, robot=robot, window=7, hidden=(8, 8), metadata={"note": [1]})
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
    rewrite(path, lambda h: h.update(hidden=[9, 9]))
    refused("does not fit")
    saved(path)
    rewrite(path, change_tensors=lambda t: t["theta.1"].fill_(float("nan")))
    refused("theta.1 holds non-finite")
