"""`adaptive-control models` names everything there is."""

from __future__ import annotations

import pytest

from adaptive_control.cli.main import main
from adaptive_control.methods import METHODS, method_names
from adaptive_control.pretrained import pretrained_paths
from adaptive_control.training import load_model


@pytest.fixture
def wide(monkeypatch):
    monkeypatch.setenv("COLUMNS", "220")


def rows(text: str) -> list[list[str]]:
    """Cells of the tables' rows."""
    return [[c.strip() for c in line.split("│")[1:-1]] for line in text.splitlines() if "│" in line]


def test_it_lists_methods_and_what_ships(wide, capsys):
    assert main(["models"]) == 0
    table = rows(capsys.readouterr().out)
    methods = {row[0].removesuffix(" *"): row for row in table if len(row) == 4}
    assert tuple(methods) == method_names()
    for name, row in methods.items():
        assert row[1] == METHODS[name].summary
    assert methods["mb-de"][2] == "those of mb"
    assert int(methods["grbal"][2].replace(",", "")) == 2 * int(methods["mb"][2].replace(",", ""))
    shipped = {(row[0], row[1]): row for row in table if len(row) == 6}
    for path in pretrained_paths():
        model = load_model(path)
        row = shipped[(model.robot, model.kind)]
        assert f"{model.metadata['validation']['error_before']:.3f}" in row[5]
        assert ("->" in row[5]) == model.dynamics.adapts


def test_sizes_are_the_robots(wide, capsys):
    sizes = []
    for robot in ("half-cheetah", "ant"):
        assert main(["models", robot]) == 0
        sizes.append(next(r[2] for r in rows(capsys.readouterr().out) if r[0] == "mb"))
    assert sizes[0] != sizes[1]


def test_an_unknown_robot_is_one_line(capsys):
    assert main(["models", "dog"]) == 2
    error = capsys.readouterr().err
    assert "dog" in error
    assert error.count("\n") == 1
