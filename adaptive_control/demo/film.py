"""The film: the twins side by side, each with its speed, and the fault from where it begins.

Nothing is rendered during the run, which stays fast; the recorded actions are played again in a
simulator with the same seed, which does the same again to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import imageio.v2 as imageio

from adaptive_control.demo.canvas import Canvas, Frame, Sizes
from adaptive_control.episodes import Recording
from adaptive_control.files import atomic_path
from robots import Simulator
from robots.perturbations import Perturbations
from robots.render import FrameRenderer

__all__ = ["write_film"]

FRAMES_PER_SECOND = 25.0
"""At most; a robot with a longer control period gets a frame a step."""


def write_film(
    path: Path,
    twins: Sequence[Recording],
    robot: str,
    perturbation: Perturbations,
    *,
    sizes: Sizes | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Film the first seed of each twin, in real time.

    Args:
        path: the file, `.mp4`.
        twins: what to show, from left to right.
        robot: name of the robot.
        perturbation: what broke, and when, as the twins ran it.
        sizes: of the picture and its parts.
        progress: told how many frames are done, and how many there will be.

    Raises:
        RobotError: this machine cannot render; the message says what to do.
        OSError: the film cannot be written.
    """
    sizes = sizes or Sizes()
    dt, steps = twins[0].dt, twins[0].steps
    stride = max(1, round(1 / (FRAMES_PER_SECOND * dt)))
    shown = range(0, steps, stride)
    canvas = Canvas(twins, robot, perturbation, sizes)
    views = [_replay(twin, robot, str(perturbation), sizes, stride) for twin in twins]
    # imageio types what `get_writer` returns too loosely to append to.
    open_film: Callable[..., Any] = imageio.get_writer
    with (
        atomic_path(path) as temporary,
        open_film(
            temporary, format="FFMPEG", fps=1 / (dt * stride), codec="libx264", quality=7,
            macro_block_size=2, ffmpeg_log_level="error",
        ) as film,
    ):  # fmt: skip
        for done, (step, frames) in enumerate(zip(shown, zip(*views, strict=True), strict=True)):
            film.append_data(canvas.draw(step, frames))
            if progress:
                progress(done + 1, len(shown))


def _replay(
    twin: Recording, robot: str, perturbation: str, sizes: Sizes, stride: int
) -> Iterator[Frame]:
    """Views of the first seed before every `stride`-th step."""
    simulator = Simulator(robot, perturbation, seed=twin.seeds[0])
    simulator.reset(seed=twin.seeds[0])
    with FrameRenderer(simulator, sizes.width, sizes.height) as renderer:
        for step in range(twin.steps):
            if step % stride == 0:
                yield renderer.frame()
            simulator.step(twin.actions[step, 0])
