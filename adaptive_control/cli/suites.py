"""`adaptive-control suites [SUITE]`: the suites, one line each, or one in full."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import tyro

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import terminal

__all__ = ["run"]


@dataclass(frozen=True)
class SuitesConfig:
    """List the suites of perturbations; with a suite's name, its train and test sides."""

    suite: Annotated[tyro.conf.Positional[str], tyro.conf.arg(metavar="SUITE")] = ""
    """Which suite to describe, or suite/robot; all of them in brief if left out."""


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = parse(SuitesConfig, arguments, "suites", positional=("suite",))
    from adaptive_control.suites import all_suites, suites_named  # brings the simulator

    console = terminal()
    if not config.suite:
        width = max(len(f"{suite.name}/{suite.robot}") for suite in all_suites())
        for suite in all_suites():
            name = f"{suite.name}/{suite.robot}"
            console.print(f"{name:<{width}}  {suite.summary}", markup=False, soft_wrap=True)
        return
    for suite in suites_named(config.suite):
        timed = any("@" not in test for test in suite.test)
        lines = [
            f"{suite.name}/{suite.robot}: {suite.summary}",
            f"  train    {suite.train}",
            *(f"  test     {test}" for test in suite.test),
            *(["  and each test without times switched on in mid-episode"] if timed else []),
            "  and the unperturbed robot",
        ]
        console.print("\n".join(lines), markup=False, soft_wrap=True)
