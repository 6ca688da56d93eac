"""The suites, and that their test sides are out of reach of training."""

from __future__ import annotations

import numpy as np
import pytest

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.suites import (
    SUITES,
    sample_training_perturbation,
    suites_of,
)
from robots import parse_perturbation, robot_names


@pytest.mark.parametrize("suite", SUITES, ids=lambda s: f"{s.robot}-{s.name}")
def test_every_perturbation_of_a_suite_can_be_parsed(suite):
    rng = np.random.default_rng(0)
    for text in (*suite.test, *(suite.train(rng) for _ in range(50))):
        parse_perturbation(text, suite.robot)


@pytest.mark.parametrize("robot", robot_names())
def test_training_never_draws_a_test_perturbation(robot):
    rng = np.random.default_rng(1)
    drawn = {
        str(parse_perturbation(sample_training_perturbation(robot, rng), robot))
        for _ in range(2000)
    }
    for suite in suites_of(robot):
        for text in suite.test:
            assert str(parse_perturbation(text, robot)) not in drawn
    kinds = {text.split(":")[0] for text in drawn}
    # The union is drawn from, not one suite of it.
    assert {"none", "actuator-gain"} < kinds


def test_training_never_touches_what_is_held_out():
    """Never a whole leg, never joints 4 and 5, never a slope, never all motors."""
    rng = np.random.default_rng(2)
    for _ in range(2000):
        text = sample_training_perturbation("half-cheetah", rng)
        assert "crippled-leg" not in text
        assert "slope" not in text
        if text.startswith(("crippled-joint:", "actuator-gain:")):
            argument = text.split(":")[1]
            joints = {int(part.split("=")[0]) for part in argument.split(",")}
            assert joints <= {0, 1, 2, 3}
        if text.startswith("pier"):
            assert float(text.split(":")[1]) <= 10
        for part in text.split("+"):
            if part.startswith(("mass", "damping")):
                assert 0.75 <= float(part.split(":")[1]) <= 1.25
    for _ in range(500):
        text = sample_training_perturbation("ant", rng)
        if text.startswith("actuator-gain:"):
            joints = {int(p.split("=")[0]) for p in text.split(":")[1].split(",")}
            assert joints <= {0, 1, 2, 3, 4, 5}
        assert text != "crippled-leg:3"


def test_a_robot_without_suites_is_an_error():
    with pytest.raises(AdaptiveControlError, match="dog"):
        suites_of("dog")
