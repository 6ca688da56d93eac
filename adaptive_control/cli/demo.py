"""`adaptive-control demo`: a robot breaks mid-run; one twin adapts, the other does not."""

from __future__ import annotations

from collections.abc import Sequence

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import print_config, terminal
from adaptive_control.demo.config import DemoConfig

__all__ = ["run"]


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = parse(DemoConfig, arguments, "demo")
    # These bring torch and the simulator, which `--help` must not wait for.
    from adaptive_control.demo.prepare import prepare
    from adaptive_control.demo.run import run_demo

    console = terminal()
    demo = prepare(config)
    print_config(console, demo.config)
    run_demo(demo, console)
