"""Whatever is wrong with a bundle is found before it runs, and said in one line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.errors import DeployError
from deploy.runtime.bundle import load_bundle
from deploy.runtime.bundle.files import entry_of, pack_arrays, read_files, unpack_arrays
from deploy.runtime.bundle.manifest import FORMAT, Manifest, read_manifest, write_manifest
from deploy.runtime.bundle.names import MANIFEST
from tests.deploy.bundles import bundle_path, copy_of

FILES = ("step.onnx", "adapt.onnx", "prior.npz", "golden.npz", "manifest.json")


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return copy_of(bundle_path(), tmp_path)


def refused(bundle: Path, words: str) -> None:
    with pytest.raises(DeployError, match=words) as caught:
        load_bundle(bundle)
    assert "\n" not in str(caught.value)
    assert str(bundle) in str(caught.value)


def rewrite(bundle: Path, change: Callable[[Manifest], Manifest]) -> None:
    """Another manifest, signed as an exporter would."""
    manifest = read_manifest((bundle / MANIFEST).read_bytes())
    (bundle / MANIFEST).write_bytes(write_manifest(change(manifest)))


def swap(bundle: Path, name: str, content: bytes) -> None:
    """Another file, and the manifest that belongs to it."""
    (bundle / name).write_bytes(content)
    rewrite(bundle, lambda m: replace(m, files={**m.files, name: entry_of(content)}))


def test_a_good_bundle_loads(bundle: Path) -> None:
    loaded = load_bundle(str(bundle))
    assert loaded.manifest.format == FORMAT
    assert loaded.golden_errors["step"] <= 1e-5
    assert loaded.golden_errors["change"] <= 1e-4


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("place", [0.02, 0.5, 0.98])
def test_one_flipped_bit(bundle: Path, name: str, place: float) -> None:
    content = bytearray((bundle / name).read_bytes())
    content[int(place * len(content))] ^= 1
    (bundle / name).write_bytes(content)
    refused(bundle, "manifest.json" if name == MANIFEST else f"{name}: was changed")


@given(bit=st.integers(0, 10**9))
@settings(max_examples=60)
def test_any_flipped_bit_of_the_manifest(bit: int) -> None:
    """Its hash covers what it means: a space that became a tab means the same."""
    content = bytearray((bundle_path() / MANIFEST).read_bytes())
    meaning = json.loads(content)
    content[bit // 8 % len(content)] ^= 1 << bit % 8
    try:
        if json.loads(bytes(content)) == meaning:
            return
    except ValueError:
        pass
    with pytest.raises(DeployError, match=r"manifest\.json"):
        read_manifest(bytes(content))


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("kept", [0, 0.5, 0.999])
def test_a_file_cut_off(bundle: Path, name: str, kept: float) -> None:
    content = (bundle / name).read_bytes()
    (bundle / name).write_bytes(content[: int(kept * len(content))])
    refused(bundle, "manifest.json: " if name == MANIFEST else f"{name}: .* it was cut off")


@pytest.mark.parametrize("name", FILES)
def test_a_file_missing(bundle: Path, name: str) -> None:
    (bundle / name).unlink()
    refused(bundle, f"{name}.* is missing")


@pytest.mark.parametrize("name", FILES[:4])
def test_files_of_two_bundles(bundle: Path, name: str) -> None:
    other = bundle_path(seed=1)
    (bundle / name).write_bytes((other / name).read_bytes())
    refused(bundle, f"{name}: (was changed after the export, or is another bundle's|has .* bytes)")


def test_a_file_too_long(bundle: Path) -> None:
    with (bundle / "prior.npz").open("ab") as file:
        file.write(b"more")
    refused(bundle, r"prior\.npz: has \d+ bytes, at most")


@pytest.mark.parametrize("name", ["notes.txt", "weights.data", ".hidden", "a folder/"])
def test_something_that_does_not_belong(bundle: Path, name: str) -> None:
    (bundle / name).mkdir() if name.endswith("/") else (bundle / name).touch()
    refused(bundle, "does not belong to the bundle")


def test_a_newer_format(bundle: Path) -> None:
    table = json.loads((bundle / MANIFEST).read_text())
    table["format"] = FORMAT + 1
    (bundle / MANIFEST).write_text(json.dumps(table))
    refused(bundle, f"format {FORMAT + 1}, this version reads 1 to {FORMAT}; .* newer release")


@pytest.mark.parametrize("number", ["NaN", "1e999", "-Infinity"])
@pytest.mark.parametrize("field", ["dt", "extra"])
def test_a_manifest_with_a_number_that_is_not_finite(bundle: Path, field: str, number: str) -> None:
    table = {**json.loads((bundle / MANIFEST).read_text()), field: "here"}
    (bundle / MANIFEST).write_text(json.dumps(table).replace('"here"', number))
    refused(bundle, r"manifest\.json: holds a number that is not finite")
    with pytest.raises(DeployError, match="not finite"):
        read_files(bundle)


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "sub/step.onnx", "..\\secret", "step.onnx/../../x", ""]
)
def test_a_path_that_leads_out(bundle: Path, tmp_path: Path, name: str) -> None:
    secret = b"not yours"
    (tmp_path / "secret").write_bytes(secret)
    rewrite(bundle, lambda m: replace(m, files={**m.files, name: entry_of(secret)}))
    refused(bundle, "is not allowed")


@pytest.mark.parametrize("name", FILES)
def test_a_symbolic_link(bundle: Path, tmp_path: Path, name: str) -> None:
    moved = tmp_path / "elsewhere"
    (bundle / name).rename(moved)
    (bundle / name).symlink_to(moved)
    refused(bundle, f"{name}: cannot be read")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_what_is_no_plain_file(bundle: Path) -> None:
    """Opening a pipe that nobody writes to must not wait for ever."""
    (bundle / "golden.npz").unlink()
    os.mkfifo(bundle / "golden.npz")
    refused(bundle, r"golden\.npz: is not a plain file")


@pytest.mark.parametrize("folder", ["nowhere", "empty"])
def test_no_bundle(tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    refused(tmp_path / folder, "no such folder|is this a bundle")


def test_one_weight_that_is_off_is_found_by_the_golden_vectors(bundle: Path) -> None:
    """Signed anew, as if the exporter had written it: only running it can tell."""
    model = onnx.load(str(bundle / "step.onnx"))
    tensor = max(model.graph.initializer, key=lambda t: onnx.numpy_helper.to_array(t).size)
    values = onnx.numpy_helper.to_array(tensor).copy()
    assert values.dtype == np.float32
    values.flat[0] += 0.1
    tensor.CopyFrom(onnx.numpy_helper.from_array(values, tensor.name))
    swap(bundle, "step.onnx", model.SerializeToString())
    refused(bundle, r"step\.onnx: .* golden vector 'empty' is off by .* on this machine")


def test_another_prior_is_found_by_the_golden_vectors(bundle: Path) -> None:
    swap(bundle, "prior.npz", (bundle_path(seed=1) / "prior.npz").read_bytes())
    refused(bundle, r"adapt\.onnx: context_\d of golden vector 'empty' is off by")


def test_golden_vectors_that_are_not_there(bundle: Path) -> None:
    golden = unpack_arrays("golden.npz", (bundle / "golden.npz").read_bytes())
    swap(bundle, "golden.npz", pack_arrays({k: v for k, v in golden.items() if "part" not in k}))
    refused(bundle, r"golden\.npz: adapt/part/observation is missing")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda a: a.pop("error_scale"), "error_scale is missing, without which"),
        (lambda a: a.pop("prior_theta_0"), "prior_theta_0 is missing"),
        (lambda a: a.update(more=np.zeros(1)), "more is not known"),
        (lambda a: a.update(error_scale=np.zeros(18)), "scales above 0"),
        (lambda a: a.update(error_scale=np.ones(3)), "must be 18 values"),
        (lambda a: a["prior_theta_0"].fill(np.nan), "prior_theta_0 holds values that are not"),
        (lambda a: a.update(prior_theta_0=np.ones((2, 2))), "input prior_theta_0 is"),
    ],
)
def test_a_prior_that_does_not_fit(bundle: Path, change, words: str) -> None:
    with np.load(bundle / "prior.npz") as file:
        arrays = {name: file[name].copy() for name in file.files}
    change(arrays)
    swap(bundle, "prior.npz", pack_arrays(arrays))
    refused(bundle, words)


def test_nothing_is_unpickled(bundle: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, prior_theta_0=np.array([{"a": 1}], dtype=object), allow_pickle=True)
    swap(bundle, "prior.npz", buffer.getvalue())
    refused(bundle, r"prior\.npz: cannot be read")


def test_a_graph_that_is_none(bundle: Path) -> None:
    swap(bundle, "step.onnx", b"not a graph")
    refused(bundle, r"step\.onnx: ONNX Runtime .* cannot load it")


def test_graphs_that_changed_places(bundle: Path) -> None:
    swap(bundle, "adapt.onnx", (bundle / "step.onnx").read_bytes())
    refused(bundle, r"adapt\.onnx: takes observation, action, context_0")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"dt": 0.0}, "dt: 0.0 is not allowed; allowed: above 0"),
        ({"window": 0}, "window: 0 is not allowed"),
        ({"window": 6}, "input observation is"),
        ({"safe_action": (2.0,) * 6}, "safe_action bthigh: 2.0 is not allowed"),
        ({"safe_action": ()}, "safe_action"),
        ({"action_rate": (0.0,) * 6}, "action_rate"),
        ({"observation": ()}, "observation: no channel"),
    ],
)
def test_a_manifest_that_cannot_be(bundle: Path, change: dict[str, object], words: str) -> None:
    rewrite(bundle, lambda m: replace(m, **change))  # pyright: ignore[reportArgumentType]
    refused(bundle, words)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("planner", {"planner": "chess"}, "chess"),
        ("planner", {"planner": "cem", "candidates": "many"}, "candidates"),
        ("gate", {"mode": "ajar"}, "ajar"),
        ("robot", ..., "'robot' is missing"),
        ("surprise", 1, "'surprise' is unknown"),
    ],
)
def test_a_manifest_of_somebody_else(bundle: Path, key: str, value: object, words: str) -> None:
    from deploy.runtime.bundle import manifest as module

    table = json.loads((bundle / MANIFEST).read_text())
    del table["sha256"]
    if value is ...:
        del table[key]
    else:
        table[key] = value
    table["sha256"] = module._digest(table)
    (bundle / MANIFEST).write_text(json.dumps(table))
    refused(bundle, words)


def test_a_manifest_comes_back_exactly() -> None:
    manifest, _ = read_files(bundle_path())
    odd = replace(manifest, dt=0.1 + 0.2, action_rate=(1 / 3, 1e-7, 2.5, 1e9, 7.0, 0.1))
    again = read_manifest(write_manifest(odd))
    assert again == odd
    assert again.dt == 0.30000000000000004


def test_a_fresh_interpreter_runs_a_bundle_without_what_a_robot_lacks() -> None:
    code = f"""
import sys
import numpy as np
from deploy.runtime.bundle import load_bundle
bundle = load_bundle({str(bundle_path())!r})
agent = bundle.agent(seed=3)
observation = np.zeros((1, 18), np.float32)
for _ in range(3):
    action = agent.act(observation).action
    agent.observe(observation, action, observation)
assert action.shape == (1, 6) and np.all(np.isfinite(action))
heavy = ("torch", "mujoco", "onnx", "gymnasium", "scipy", "adaptive_control", "robots")
print(*(name for name in heavy if name in sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == []
