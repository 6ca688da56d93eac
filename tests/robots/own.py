"""Robots of a test's own: a ball with one leg, on a model written for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from robots import Field, Robot, RobotSpec

MODEL = """
<mujoco>
  <compiler angle="radian"/>
  <option timestep="0.002"/>
  <default><geom contype="1" conaffinity="0" density="1000" friction="1 0.1 0.1"/></default>
  <worldbody>
    <geom name="floor" type="plane" size="10 10 1" contype="1" conaffinity="1"/>
    <body name="torso">
      <joint name="x" type="slide" axis="1 0 0"/>
      <joint name="z" type="slide" axis="0 0 1"/>
      <joint name="pitch" type="hinge" axis="0 1 0"/>
      <geom name="ball" type="sphere" size="0.1"/>
      <body name="leg">
        <joint name="hip" type="hinge" axis="0 1 0" damping="1"/>
        <geom name="shank" type="capsule" size="0.04" fromto="0 0 0 0.3 0 0"/>
      </body>
    </body>
  </worldbody>
  <actuator><motor name="hip" joint="hip"/></actuator>
</mujoco>
"""


def position(qpos: np.ndarray) -> np.ndarray:
    return np.stack([qpos[..., 0], np.zeros_like(qpos[..., 0]), qpos[..., 1]], axis=-1)


def own_robot(folder: Path, *edits: tuple[str, str], **changes: Any) -> Robot:
    """The robot on its model with each (old, new) edit made; `changes` are of the `Robot`."""
    text = MODEL
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    file = folder / "own.xml"
    file.write_text(text)
    fields = tuple(Field(f"{name}_{of}", "1") for of in ("at", "speed") for name in "xzph")
    settings: dict[str, Any] = {
        "spec": RobotSpec(
            name="own", dt=0.02, observation=fields, action=(Field("hip", "1", low=-1, high=1),),
            reward=lambda before, action, after: after[..., 0],
            fallen=lambda observation: observation[..., 0] > 1e9, legs={"leg": (0,)},
        ),
        "model_file": file, "substeps": 10, "joints": ("hip",), "torso": "torso",
        "initial_qpos": (0.0, 0.12, 0.0, 0.0), "reset_noise": 0.0, "height_index": 1,
        "position": position,
        "measure": lambda qpos, qvel, start, ground: np.concatenate([qpos, qvel], axis=1),
    }  # fmt: skip
    return Robot(**{**settings, **changes})
