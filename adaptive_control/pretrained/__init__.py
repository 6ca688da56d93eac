"""The models that ship with the project: `<robot>-<model>.safetensors`.

Each file's metadata holds the settings it was made with; `pretrained/README.md` has the commands.
"""

from __future__ import annotations

from pathlib import Path

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import METHODS

__all__ = ["pretrained_names", "pretrained_path", "pretrained_paths"]

_FOLDER = Path(__file__).parent


def pretrained_names() -> tuple[str, ...]:
    """All that ship, as `<robot>-<model>`."""
    return tuple(path.stem for path in pretrained_paths())


def pretrained_paths() -> tuple[Path, ...]:
    """The files of all that ship, sorted by name."""
    return tuple(sorted(_FOLDER.glob("*.safetensors")))


def pretrained_path(robot: str, model: str) -> Path:
    """The checkpoint that ships for a robot and a method; that of another if they share weights.

    Raises:
        AdaptiveControlError: none ships; says which do.
    """
    made_with = METHODS[model].checkpoint if model in METHODS else model
    path = _FOLDER / f"{robot}-{made_with}.safetensors"
    if not path.is_file():
        raise AdaptiveControlError(
            f"model {model!r} of robot {robot!r}: none ships with the project; those that do: "
            f"{', '.join(pretrained_names()) or 'none'}. Train one: "
            f"adaptive-control train {robot} --model {made_with}"
        )
    return path
