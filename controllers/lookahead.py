"""How far a planner follows its candidates, what it expects beyond, and what danger costs it.

Most candidates are bad long before the end of the horizon, and following them there costs as much
as following good ones. With `halve_every`, the worse half is dropped every so many control steps
(successive halving: Karnin, Koren and Somekh, "Almost optimal exploration in multi-armed bandits",
2013). What a candidate has earned so far says little - whoever leaps early leads - so candidates
are ranked by that *and* the terminal value of where they are. Returns stay those of whole
sequences: the value only decides who goes on.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Lookahead"]


@dataclass(frozen=True)
class Lookahead:
    """What a planner asks of a model besides the sequences themselves.

    Attributes:
        terminal: weight of the terminal value at the end of the horizon.
        halve_every: control steps after which the worse half is dropped, again and again; 0:
            every candidate is followed to the end.
        fewest: candidates that are never dropped below.
        caution: how many times over what the robot's caution charges counts.
    """

    terminal: float = 0.0
    halve_every: int = 0
    fewest: int = 1
    caution: float = 1.0

    @property
    def asks_for_value(self) -> str:
        """The setting that needs a terminal value, as `name: value`; empty if none does."""
        if self.terminal:
            return f"terminal: {self.terminal:g}"
        return f"halve_every: {self.halve_every}" if self.halve_every else ""

    def drops(self, candidates: int, horizon: int) -> dict[int, int]:
        """After which control steps (from 1) candidates are dropped, and how many stay.

        Args:
            candidates: N, at the start.
            horizon: H; nobody is dropped after the last step.
        """
        found: dict[int, int] = {}
        if self.halve_every:
            for step in range(self.halve_every, horizon, self.halve_every):
                left = max((candidates + 1) // 2, min(self.fewest, candidates))
                if left == candidates:
                    break
                candidates = found[step] = left
        return found

    def value_calls(self, candidates: int, horizon: int) -> list[int]:
        """For how many candidates the terminal value is asked in one iteration, call by call."""
        calls = []
        for left in self.drops(candidates, horizon).values():
            calls.append(candidates)
            candidates = left
        return [*calls, candidates] if self.terminal else calls

    def model_steps(self, candidates: int, horizon: int) -> int:
        """Evaluations of the model that one iteration takes: N x H, if nobody is dropped."""
        drops, total = self.drops(candidates, horizon), 0
        for step in range(1, horizon + 1):
            total += candidates
            candidates = drops.get(step, candidates)
        return total
