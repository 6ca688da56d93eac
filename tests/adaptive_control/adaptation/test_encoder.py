from __future__ import annotations

import math

import pytest
import torch

from adaptive_control.adaptation.encoder import WindowEncoder
from adaptive_control.dynamics.window import ages


def encoder() -> WindowEncoder:
    return WindowEncoder(3, 8, 4, torch.Generator().manual_seed(0)).double()


def reads(batch: int, steps: int) -> torch.Tensor:
    return torch.randn(batch, steps, 3, generator=torch.Generator().manual_seed(1)).double()


def test_ages_count_from_the_newest():
    assert ages(torch.ones(2, 4, 1)).flatten().tolist() == [3, 2, 1, 0]


@torch.no_grad()
def test_no_evidence_gives_the_zero_code_and_more_evidence_a_larger_one():
    model = encoder()
    model.log_rate.fill_(-20.0)  # all ages count alike
    read = reads(1, 1).expand(1, 8, 3)
    norms = []
    for filled in range(9):
        mask = (torch.arange(8) >= 8 - filled).double().reshape(1, 8, 1)
        norms.append(float(model(read, mask).norm()))
    assert norms[0] == 0
    # n equal messages over kappa + n, kappa = 1 in a new encoder.
    for filled in range(1, 9):
        assert norms[filled] / norms[8] == pytest.approx(filled / (1 + filled) * 9 / 8, rel=1e-6)


@torch.no_grad()
def test_older_transitions_count_less_as_the_rate_says():
    model = encoder()
    model.log_rate.fill_(math.log(0.5))
    model.log_pseudo_count.fill_(10.0)  # so many that the denominator hardly moves
    read, mask = reads(1, 5), torch.zeros(1, 5, 1).double()
    codes = []
    for slot in (4, 2):
        moved = read.clone()
        moved[:, slot] = read[:, 4]
        alone = mask.clone()
        alone[:, slot] = 1
        codes.append(model(moved, alone))
    torch.testing.assert_close(codes[1], codes[0] * math.exp(-1.0), rtol=1e-3, atol=0)


@torch.no_grad()
def test_robots_do_not_mix():
    model, read, mask = encoder(), reads(3, 4), torch.ones(3, 4, 1).double()
    together = model(read, mask)
    for robot in range(3):
        alone = model(read[robot : robot + 1], mask[:1])
        torch.testing.assert_close(alone[0], together[robot])
