"""What other installed packages bring: an object that one of their entry points names."""

from __future__ import annotations

from importlib.metadata import EntryPoint

from adaptive_control.errors import AdaptiveControlError

__all__ = ["loaded"]


def loaded(point: EntryPoint, field: str) -> object:
    """What the entry point names.

    Args:
        point: the entry point.
        field: what it is to be, for the message.

    Raises:
        AdaptiveControlError: its module or the name in it is not there.
    """
    try:
        return point.load()
    except (ImportError, AttributeError) as error:
        raise AdaptiveControlError(
            f"{field} {point.name!r}: cannot load {point.value}: {error}"
        ) from error
