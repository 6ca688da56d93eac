"""The robots in PyBullet: another integrator and other contacts, a plant that nobody trained on.

Needs the extra `bullet`. What differs from MuJoCo is in docs/pybullet.md.
"""

from __future__ import annotations

from robots.bullet.simulator import BulletSimulator

__all__ = ["BulletSimulator"]
