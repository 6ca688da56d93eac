"""Online adaptive control of robots by meta-learned dynamics and sampling MPC.

The learning core (`dynamics`, `adaptation`, `training`, `evaluation`) and the command line (`cli`).
Importing this package does no work and pulls in nothing.
"""

from __future__ import annotations

__version__ = "0.1.0"
