"""Unitree A1: a walking quadruped of 12.5 kg, twelve joints, driven by joint targets.

Its action is added to the joint targets of a slow trot; position servos on the robot follow them.

Model: our own, of primitives (`a1.xml`). Dimensions, masses, inertias, axes and limits are facts
taken from the description in pybullet_data (`a1/a1.urdf`), which was made from Unitree's
`a1_description`. No text, mesh or picture of either is used. Licences found: pybullet's repository
keeps the Mozilla Public License 2.0 beside that file, its wheel ships the file without any (the
package as a whole is zlib); Unitree publishes a1_description in unitree_ros under BSD-3-Clause.
"""

from __future__ import annotations

from robots.a1.robot import ROBOT

__all__ = ["ROBOT"]
