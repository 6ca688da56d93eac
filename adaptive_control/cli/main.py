"""Chooses the command, and turns errors that people are meant to read into one line.

Exit status: 0 done, 2 bad input (one line on standard error), 3 a robot that was stopped for
safety, 130 interrupted, 143 told to end (SIGTERM). Anything else is a defect of this program and
ends in a traceback.
"""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence

from adaptive_control import __version__
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.signals import Ended, ends_cleanly

__all__ = ["main"]

COMMANDS = {
    "demo": "watch a robot break mid-run: one twin adapts, the other does not",
    "train": "train a dynamics model for a robot",
    "dataset": "make a dataset of a robot's logs, to train on",
    "evaluate": "the table: every method on every suite, with intervals",
    "tune": "find the planner that returns most within the control period",
    "live": "a page in the browser: see the robot plan, break it, tune it",
    "export": "write a bundle that runs on the robot without torch",
    "inspect": "say what is in a bundle",
    "verify": "check a bundle: hashes, versions, golden vectors, parity",
    "doctor": "compare a bundle with a robot, channel by channel",
    "simulate": "be a robot in another process, in real time",
    "run": "run a bundle on a robot",
    "replay": "run a log again, to the same actions",
    "profile": "the largest plan that meets the control period on this machine",
    "robots": "list the robots, their fields, and what can break",
    "suites": "list the suites of perturbations",
    "models": "list the methods and the models that ship",
}
"""Each is a module `adaptive_control.cli.<name>` with `run(arguments)`, imported when asked for:
`--help` must not wait for torch and the simulator. What `run` returns is the exit status."""

_HELP = ("-h", "--help")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        arguments: without the program's name; `sys.argv` if not given.

    Returns:
        The exit status.
    """
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return _run(arguments)
    except KeyboardInterrupt as stop:
        print("interrupted", file=sys.stderr)
        return stop.status if isinstance(stop, Ended) else 130
    except BrokenPipeError:  # the reader of our output has gone, as `| head` does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    except OSError as error:
        return _refuse(f"{error.filename}: {error.strerror}" if error.filename else str(error))
    except ValueError as error:
        if not isinstance(error, _readable_errors()):
            raise
        return _refuse(str(error))


def _run(arguments: list[str]) -> int:
    if not arguments or arguments[0] in _HELP:
        print(_help())
        return 0
    if arguments[0] == "--version":
        print(__version__)
        return 0
    command, *rest = arguments
    if command not in COMMANDS:
        raise AdaptiveControlError(f"command: {command!r} is unknown; allowed: {_names()}")
    with ends_cleanly():
        return importlib.import_module(f"adaptive_control.cli.{command}").run(rest) or 0


def _help() -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {summary}" for name, summary in COMMANDS.items()]
    return "\n".join(
        [
            "usage: adaptive-control COMMAND [OPTIONS]",
            "",
            "Online adaptive control of robots: meta-learned dynamics under sampling MPC.",
            "",
            "commands:",
            *lines,
            "",
            "adaptive-control COMMAND --help says what a command takes.",
        ]
    )


def _names() -> str:
    return ", ".join(COMMANDS)


def _readable_errors() -> tuple[type[Exception], ...]:
    """The roots. Only packages that are loaded can have raised theirs."""
    roots: list[type[Exception]] = [AdaptiveControlError]
    for module, name in (
        ("robots.errors", "RobotError"),
        ("controllers.errors", "PlannerError"),
        ("deploy.errors", "DeployError"),
    ):
        if module in sys.modules:
            roots.append(getattr(sys.modules[module], name))
    return tuple(roots)


def _refuse(message: str) -> int:
    print(f"error: {' '.join(message.split())}", file=sys.stderr)
    return 2
