"""`adaptive-control live`: a page in the browser, to see, break and tune."""

from __future__ import annotations

from collections.abc import Sequence

from adaptive_control.cli.parse import parse
from adaptive_control.cli.terminal import print_config, terminal
from adaptive_control.errors import AdaptiveControlError
from adaptive_control.live.config import LiveConfig

__all__ = ["run"]


def run(arguments: Sequence[str]) -> None:
    """Run the command."""
    config = parse(LiveConfig, arguments, "live")
    try:
        # These bring torch, the simulator and the server, which `--help` must not wait for.
        from adaptive_control.live.run import run_live
    except ImportError as error:
        raise AdaptiveControlError(
            f"live: {error.name} is missing; install adaptive-control[sim,train,live]"
        ) from error
    link = None
    if config.link:
        from deploy.runtime.link import open_link

        link = open_link(config.link, watch=True)
    console = terminal()
    print_config(console, config)
    run_live(config, console, link)
