"""Which suites a robot has, and draws from their train sides."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.suites.acting import clash
from adaptive_control.suites.catalogue import Suite
from adaptive_control.suites.installed import all_suites
from robots import RobotError, parse_perturbation

__all__ = ["check_perturbations", "sample_training_perturbation", "suites_named", "suites_of"]

_WHOLE_SHARE = 0.1
_PAIRED_SHARE = 0.5


def suites_of(robot: str) -> tuple[Suite, ...]:
    """The suites of one robot.

    Raises:
        AdaptiveControlError: the robot has none.
    """
    found = tuple(suite for suite in all_suites() if suite.robot == robot)
    if not found:
        known = ", ".join(sorted({suite.robot for suite in all_suites()}))
        raise AdaptiveControlError(f"robot {robot!r}: has no suites; those that have: {known}")
    return found


def suites_named(text: str) -> tuple[Suite, ...]:
    """The suites that a text asks for: names joined by commas, or `all`.

    A name stands for the suites of that name of every robot; `name/robot` for one of them.

    Raises:
        AdaptiveControlError: a name that no suite has.
    """
    suites = all_suites()
    if text == "all":
        return suites
    chosen: list[Suite] = []
    for part in text.split(","):
        name, slash, robot = part.strip().partition("/")
        found = [s for s in suites if s.name == name and (not slash or s.robot == robot)]
        if not found:
            known = ", ".join(f"{suite.name}/{suite.robot}" for suite in suites)
            raise AdaptiveControlError(f"suite: {part!r} is unknown; allowed: all, {known}")
        chosen += [suite for suite in found if suite not in chosen]
    return tuple(chosen)


def sample_training_perturbation(
    robot: str,
    rng: np.random.Generator,
    perturbations: Sequence[str] = (),
    whole_share: float = _WHOLE_SHARE,
    paired_share: float = _PAIRED_SHARE,
) -> str:
    """One draw from the union of the robot's train sides, each side equally likely.

    The default is wider than what models are trained on (`TrainConfig`): it is for judging planners
    and models.

    Args:
        robot: the robot's name.
        rng: source of randomness.
        perturbations: draw one of these instead: perturbations, or names of suites of the robot,
            which stand for a draw from that suite's train side.
        whole_share: the chance of `none`.
        paired_share: of the others, those that get draws from two suites at once, unless both lay
            the ground or hold parts of one kind. Neither share is used where `perturbations` says
            what to draw from.
    """
    if perturbations:
        chosen = perturbations[int(rng.integers(len(perturbations)))]
        sides = {suite.name: suite.train for suite in all_suites() if suite.robot == robot}
        return sides[chosen].draw(rng) if chosen in sides else chosen
    if rng.random() < whole_share:
        return "none"
    suites = suites_of(robot)
    if len(suites) == 1:
        return suites[0].train.draw(rng)
    first, second = (suites[index] for index in rng.choice(len(suites), size=2, replace=False))
    text = first.train.draw(rng)
    if rng.random() >= paired_share or first.train == second.train:
        return text
    state = rng.bit_generator.state
    other = second.train.draw(rng)
    # Two draws of slack joints could add up to a whole leg, which is held out.
    if clash(text, other, robot):
        rng.bit_generator.state = state  # as if it had not been drawn
        return text
    return "+".join(part for part in (text, other) if part != "none") or "none"


def check_perturbations(robot: str, perturbations: Sequence[str]) -> None:
    """Refuse what `sample_training_perturbation` could not draw from.

    Raises:
        AdaptiveControlError: neither a suite of the robot nor a perturbation that it can have.
    """
    names = [suite.name for suite in all_suites() if suite.robot == robot]
    for text in perturbations:
        if text in names:
            continue
        try:
            parse_perturbation(text, robot)
        except RobotError as error:
            raise AdaptiveControlError(
                f"perturbations={text}: must be a suite of {robot} ({', '.join(names)}) "
                f"or a perturbation ({error})"
            ) from error
