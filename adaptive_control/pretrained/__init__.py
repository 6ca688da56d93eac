"""What ships with the project: models, `<robot>-<model>.safetensors`, and planners, `<robot>.toml`.

Each model's metadata holds the settings it was made with; `pretrained/README.md` has the commands.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.methods import METHODS

if TYPE_CHECKING:
    from controllers import SamplingPlanner

__all__ = ["planner_for", "pretrained_names", "pretrained_path", "pretrained_paths"]

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


def planner_for(robot: str, asked: str | None = None) -> SamplingPlanner:
    """The planner that is asked for; else the one that ships for the robot, else CEM as it is.

    Args:
        robot: name of the robot.
        asked: a planner and its settings, or the path of a planner.toml; empty for none.

    Raises:
        PlannerError: no such planner.
    """
    from controllers import load_planner  # brings numpy, which listing what ships need not wait for

    tuned = _FOLDER / f"{robot}.toml"
    return load_planner(asked or (tuned if tuned.is_file() else "cem"))
