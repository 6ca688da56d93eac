"""Stand-ins for the libraries of robots, and the files that say how they are wired."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from deploy.runtime.link.unitree import library
from tests.deploy.runtime.link.dog import WIRING

FAKES = Path(__file__).parent / "fakes"


@pytest.fixture
def ros(monkeypatch):
    """The stand-in for rclpy and its messages, fresh for each test."""
    monkeypatch.syspath_prepend(str(FAKES / "ros2"))
    names = ("rclpy", "sensor_msgs", "nav_msgs", "std_msgs", "trajectory_msgs")
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        monkeypatch.delitem(sys.modules, name)
    yield SimpleNamespace(
        rclpy=importlib.import_module("rclpy"),
        sensor=importlib.import_module("sensor_msgs.msg"),
        nav=importlib.import_module("nav_msgs.msg"),
    )
    for name in [name for name in sys.modules if name.partition(".")[0] in names]:
        del sys.modules[name]


@pytest.fixture
def sdk(monkeypatch):
    """The stand-in for Unitree's SDK, fresh for each test."""
    monkeypatch.syspath_prepend(str(FAKES / "unitree"))
    monkeypatch.setattr(library, "_started", [])
    load = importlib.import_module
    yield SimpleNamespace(
        channel=load("unitree_sdk2py.core.channel"),
        idl=load("unitree_sdk2py.idl.unitree_go.msg.dds_"),
        switcher=load("unitree_sdk2py.comm.motion_switcher.motion_switcher_client"),
    )
    for name in [name for name in sys.modules if name.startswith("unitree_sdk2py")]:
        del sys.modules[name]


@pytest.fixture
def path(tmp_path):
    """The wiring of a dog."""
    path = tmp_path / "dog.toml"
    path.write_text(WIRING)
    return path
