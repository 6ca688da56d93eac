from __future__ import annotations

import math

import torch
from hypothesis import given
from hypothesis import strategies as st

from adaptive_control.dynamics.features import FeatureMap
from adaptive_control.dynamics.normalizer import Normalizer
from tests.adaptive_control.models import LAYOUT

angles = st.floats(-50, 50)


@given(now=angles, then=angles)
def test_wrapping_fields_differ_by_at_most_half_a_turn(now, then):
    features = FeatureMap(LAYOUT)
    observation = torch.tensor([[0.0, 0.0, 0.0, now, 0.0]], dtype=torch.float64)
    following = torch.tensor([[0.0, 0.0, 0.0, then, 0.0]], dtype=torch.float64)
    difference = features.targets(observation, following)[0, 3]
    assert -math.pi - 1e-9 <= difference <= math.pi + 1e-9
    turns = (then - now - float(difference)) / (2 * math.pi)
    assert abs(turns - round(turns)) < 1e-6


@given(st.lists(st.floats(-3, 3), min_size=10, max_size=10))
def test_advance_undoes_targets(values):
    features = FeatureMap(LAYOUT)
    observation = torch.tensor([values[:5]], dtype=torch.float64)
    following = torch.tensor([values[5:]], dtype=torch.float64)
    again = features.advance(observation, features.targets(observation, following))
    torch.testing.assert_close(features.wrap(again - following), torch.zeros_like(again))


def test_angles_enter_as_sine_and_cosine():
    features = FeatureMap(LAYOUT)
    observation = torch.tensor([[1.0, 0.5, 2.0, 7.0, 8.0]])
    inputs = features.inputs(observation, torch.tensor([[3.0, 4.0]]))
    expected = [1.0, 2.0, math.sin(0.5), math.cos(0.5), 3.0, 4.0]
    torch.testing.assert_close(inputs, torch.tensor([expected]))


def test_normaliser_fits_mean_scale_and_range():
    data = torch.tensor([[0.0, 5.0], [2.0, 5.0], [4.0, 5.0]])
    normalizer = Normalizer(2)
    normalizer.fit(data, margin=0.0)
    torch.testing.assert_close(normalizer.undo(normalizer(data)), data)
    torch.testing.assert_close(normalizer(data)[:, 0], torch.tensor([-1.0, 0.0, 1.0]))
    beyond = torch.tensor([[100.0, -100.0]])
    bounded = normalizer.undo(normalizer.bound(normalizer(beyond)))
    torch.testing.assert_close(bounded, torch.tensor([[4.0, 5.0]]))
