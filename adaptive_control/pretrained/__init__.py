"""The models that ship with the project: `<robot>-<model>.safetensors`.

Each file's metadata holds the settings it was made with; `pretrained/README.md` has the commands.
"""

from __future__ import annotations

from pathlib import Path

from adaptive_control.errors import AdaptiveControlError

__all__ = ["pretrained_names", "pretrained_path"]

_FOLDER = Path(__file__).parent


def pretrained_names() -> tuple[str, ...]:
    """All that ship, as `<robot>-<model>`."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.safetensors")))


def pretrained_path(robot: str, model: str) -> Path:
    """The checkpoint that ships for a robot and a model.

    Raises:
        AdaptiveControlError: none ships; says which do.
    """
    path = _FOLDER / f"{robot}-{model}.safetensors"
    if not path.is_file():
        raise AdaptiveControlError(
            f"model {model!r} of robot {robot!r}: none ships with the project; those that do: "
            f"{', '.join(pretrained_names()) or 'none'}. Train one: "
            f"adaptive-control train {robot} --model {model}"
        )
    return path
