"""One frame of the film: the views of the twins, their captions, and speed curves below.

+--------------------------------------------+
| FAULT crippled-leg:back@5s           6.2 s |   header, red from the fault on
+---------------------+----------------------+
| GrBAL      2.1 m/s  | MB          0.2 m/s  |
|            12.5 m   |              9.7 m   |
|       (view)        |        (view)        |
+---------------------+----------------------+
| speed ~~~~~~~~~~~~~~|~~~~~~~~~             |   strip, with the fault line and a cursor
+--------------------------------------------+
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from adaptive_control.demo.labels import COLOURS, FAULT_COLOUR, display_name
from adaptive_control.episodes import Recording
from robots.perturbations import Perturbations

__all__ = ["Canvas", "Frame", "Sizes"]

Frame = NDArray[np.uint8]

SPEED_WINDOW_S = 0.25
"""The speed shown is the mean over this long [s]: a number that an eye can follow."""


@dataclass(frozen=True)
class Sizes:
    """Sizes in pixels; all even, as video codecs want.

    Attributes:
        width: of one twin's view.
        height: of one twin's view.
        header: of the line above, with the time and the fault.
        strip: of the speed curves below.
    """

    width: int = 480
    height: int = 360
    header: int = 36
    strip: int = 84


class Canvas:
    """Draws the frames of a film about `twins`."""

    def __init__(
        self,
        twins: Sequence[Recording],
        robot: str,
        perturbation: Perturbations,
        sizes: Sizes,
    ):
        self._twins = twins
        self._robot = robot
        self._perturbation = perturbation
        self._sizes = sizes
        self._width = sizes.width * len(twins)
        self._small, self._font, self._large = (_font(size) for size in (12, 16, 22))
        self._speeds = [_smooth(twin.speed[:, 0], twin.dt) for twin in twins]
        self._strip = self._draw_strip()

    def draw(self, step: int, views: Sequence[Frame]) -> Frame:
        """The frame at the beginning of `step`, `[height, width, 3]`.

        Args:
            step: t.
            views: one picture a twin, `[sizes.height, sizes.width, 3]`.
        """
        sizes, time = self._sizes, step * self._twins[0].dt
        top, bottom = sizes.header, sizes.header + sizes.height
        image = Image.new("RGB", (self._width, bottom + sizes.strip), "white")
        draw = ImageDraw.Draw(image)
        self._draw_header(draw, step)
        for place, (twin, view) in enumerate(zip(self._twins, views, strict=True)):
            left = place * sizes.width
            image.paste(Image.fromarray(view), (left, top))
            self._caption(draw, place, display_name(twin.model), self._metres(twin, step), step)
        image.paste(self._strip, (0, bottom))
        cursor = self._strip_x(time)
        draw.line((cursor, bottom, cursor, bottom + sizes.strip), fill="#222222", width=2)
        return np.asarray(image)

    def _draw_header(self, draw: ImageDraw.ImageDraw, step: int) -> None:
        dt = self._twins[0].dt
        active = [str(self._perturbation.members[i]) for i in self._perturbation.active(step, dt)]
        box = (0, 0, self._width, self._sizes.header - 1)
        draw.rectangle(box, fill=FAULT_COLOUR if active else "#222222")
        text = f"FAULT  {' + '.join(active)}" if active else f"{self._robot}, unperturbed"
        time = step * dt
        middle = self._sizes.header // 2
        draw.text((10, middle), text, "white", self._font, anchor="lm")
        draw.text((self._width - 10, middle), f"{time:.1f} s", "white", self._font, anchor="rm")

    def _caption(
        self, draw: ImageDraw.ImageDraw, place: int, name: str, metres: float, step: int
    ) -> None:
        left, top = place * self._sizes.width, self._sizes.header
        right = left + self._sizes.width
        draw.rectangle((left, top, right - 1, top + 4), fill=COLOURS[place])
        speed = self._speeds[place][step]
        for where, text, font, anchor in (
            ((left + 10, top + 12), name, self._large, "la"),
            ((right - 10, top + 12), f"{speed:+z.1f} m/s", self._large, "ra"),
            ((right - 10, top + 42), f"{metres:.1f} m", self._font, "ra"),
        ):
            draw.text(
                where, text, "white", font, anchor=anchor, stroke_width=2, stroke_fill="black"
            )

    @staticmethod
    def _metres(twin: Recording, step: int) -> float:
        return float(twin.position[step, 0] - twin.position[0, 0])

    def _draw_strip(self) -> Image.Image:
        """The speed of every twin over the whole run, with the fault line."""
        image = Image.new("RGB", (self._width, self._sizes.strip), "#f4f4f4")
        draw = ImageDraw.Draw(image)
        known = np.concatenate([[0.0, 1.0], *self._speeds])
        known = known[np.isfinite(known)]
        low, high = known.min(), known.max()

        def height(speed: float) -> float:
            return self._sizes.strip - 8 - (speed - low) / (high - low) * (self._sizes.strip - 16)

        draw.line((0, height(0.0), self._width, height(0.0)), fill="#bbbbbb")
        draw.text((6, 3), f"speed, up to {high:.1f} m/s", "#555555", self._small)
        for onset in self._perturbation.onsets:
            x = self._strip_x(onset)
            draw.line((x, 0, x, self._sizes.strip), fill=FAULT_COLOUR, width=2)
        for place, (twin, speeds) in enumerate(zip(self._twins, self._speeds, strict=True)):
            curve = [
                (self._strip_x(step * twin.dt), height(float(speed)))
                for step, speed in enumerate(speeds)
                if np.isfinite(speed)
            ]
            draw.line(curve, fill=COLOURS[place], width=2)
        return image

    def _strip_x(self, time: float) -> float:
        """Where a time stands in the strip, in pixels from its left."""
        return time / (self._twins[0].steps * self._twins[0].dt) * (self._width - 1)


def _smooth(speed: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Mean speed of the last `SPEED_WINDOW_S` before each step, `[T + 1]`; robots start at rest."""
    width = max(1, round(SPEED_WINDOW_S / dt))
    padded = np.concatenate([np.zeros(width), speed])
    return np.convolve(padded, np.full(width, 1.0 / width), mode="valid")


def _font(size: int) -> ImageFont.FreeTypeFont:
    """The font that matplotlib brings, so that every machine draws the same film."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / "DejaVuSans.ttf"), size)
