"""GrBAL trained to first order (FOMAML; Finn et al. 2017, section 5.2)."""

from __future__ import annotations

from adaptive_control.dynamics.grbal import GrBAL

__all__ = ["FirstOrderGrBAL"]


class FirstOrderGrBAL(GrBAL):
    """GrBAL whose meta-gradient takes the inner gradient for a constant.

    It adapts as GrBAL does. An update is cheaper, and does not know how a change of the prior
    would have changed the step; the step sizes are still learned.
    """

    kind = "grbal-fo"
    first_order = True
