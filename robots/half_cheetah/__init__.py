"""Half-cheetah: a planar runner with two legs of three joints.

Model: Gymnasium's `half_cheetah.xml` (MIT licence), from P. Wawrzynski, "A Cat-Like Robot Real-Time
Learning to Run", 2009. Control period, noise and limits are those of Gymnasium's HalfCheetah-v5.
"""

from __future__ import annotations

from robots.half_cheetah.robot import ROBOT

__all__ = ["ROBOT"]
