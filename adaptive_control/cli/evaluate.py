"""`adaptive-control evaluate`: the table, every method on every suite."""

from __future__ import annotations

from collections.abc import Sequence

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import print_config, terminal
from adaptive_control.evaluation.config import EvaluateConfig

__all__ = ["run"]


def run(arguments: Sequence[str]) -> int:
    """Run the command."""
    config = parse(EvaluateConfig, arguments, "evaluate")
    from adaptive_control.evaluation.run import evaluate  # brings torch and the simulator

    console = terminal()
    print_config(console, config)
    return evaluate(config, console)
