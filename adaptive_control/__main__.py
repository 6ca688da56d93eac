"""`python -m adaptive_control` does what the console script `adaptive-control` does."""

from __future__ import annotations

import sys

from adaptive_control.cli.main import main

sys.exit(main())
