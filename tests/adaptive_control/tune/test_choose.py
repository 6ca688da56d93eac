"""Who is chosen, and who may stand for it."""

from __future__ import annotations

from adaptive_control.tune.choose import choose, finalists, pareto
from adaptive_control.tune.classes import Classes
from adaptive_control.tune.evaluate import Result
from adaptive_control.tune.latency import Tick
from adaptive_control.tune.search import Tried
from adaptive_control.tune.setting import Setting
from controllers import format_planner, make_planner

CLASSES = Classes(limit_ms=40.0, default_ms=12.0)


def setting(number: int, window: int = 16) -> Setting:
    return Setting(format_planner(make_planner("cem", candidates=100 + number)), window)


def result(*returns: float, falls: int = 0) -> Result:
    fallen = tuple(place < falls for place in range(len(returns)))
    return Result(returns, (0.1,) * len(returns), True, 0.0, fallen)


def tried(number: int, p99: float, mean: float, window: int = 16) -> Tried:
    return Tried(setting(number, window), Tick(p99, p99), result(mean, mean), str(number))


def test_the_front_is_what_nothing_beats() -> None:
    points = [tried(0, 5, 1.0), tried(1, 4, 2.0), tried(2, 9, 3.0), tried(3, 9, 2.5)]
    assert [t.origin for t in pareto(points)] == ["1", "2"]
    assert pareto([]) == []


def test_finalists_are_the_best_of_each_class_with_twins() -> None:
    points = [tried(i, 1.0 + i, float(i), window=4 if i == 30 else 16) for i in range(60)]
    chosen = finalists(points, CLASSES, setting(99), 16)
    assert chosen[0] == setting(99)
    numbers = {int(s.parsed.candidates) - 100 for s in chosen}
    assert numbers == {99, 39, 38, 37, 11, 10, 9, 5, 4, 3}  # none above 40 ms
    points[39] = tried(39, 40.0, 99.0, window=4)
    chosen = finalists(points, CLASSES, setting(99), 16)
    assert {setting(39, 4), setting(39, 16)} <= set(chosen)


def test_the_final_decides() -> None:
    finals = {setting(0): result(1, 1), setting(1): result(5, 5), setting(2): result(3, 3)}
    p99 = {setting(0): 5.0, setting(1): 39.0, setting(2): 11.0}
    winners = choose(finals, p99, CLASSES, setting(0), 16)
    assert winners == {"best": setting(1), "as-fast": setting(2), "half": setting(0)}


def test_classes_without_anyone_are_left_out() -> None:
    assert choose({setting(0): result(1, 1)}, {setting(0): 20.0}, CLASSES, setting(0), 16) == {
        "best": setting(0)
    }
    assert choose({setting(0): result(1, 1)}, {setting(0): 41.0}, CLASSES, setting(0), 16) == {}


def test_another_window_must_win_beyond_doubt() -> None:
    other, twin = setting(0, 4), setting(0, 16)
    p99 = {other: 5.0, twin: 5.0}
    luck = {other: result(9, 1, 5.0), twin: result(1, 8, 5.0)}
    clear = {other: result(5, 6, 7.0), twin: result(1, 2.5, 3)}
    assert choose(luck, p99, CLASSES, twin, 16)["best"] == twin
    assert choose(clear, p99, CLASSES, twin, 16)["best"] == other


def test_without_that_the_best_of_the_usual_window_is_chosen() -> None:
    """Not the twin of the lucky one, which may be worse than others."""
    other, twin, better = setting(0, 4), setting(0, 16), setting(1, 16)
    finals = {other: result(9, 1, 6.0), twin: result(1, 2, 2.0), better: result(5, 5, 4.0)}
    assert choose(finals, dict.fromkeys(finals, 5.0), CLASSES, twin, 16)["best"] == better


def test_a_return_does_not_pay_for_falls() -> None:
    default, faster, careful = setting(0), setting(1), setting(2)
    finals = {default: result(1, 1), faster: result(9, 9, falls=1), careful: result(5, 5)}
    p99 = dict.fromkeys(finals, 5.0)
    assert choose(finals, p99, CLASSES, default, 16)["best"] == careful
    finals[default] = result(1, 1, falls=1)
    assert choose(finals, p99, CLASSES, default, 16)["best"] == faster
    finals = {default: result(1, 1), faster: result(9, 9, falls=2), careful: result(5, 5, falls=1)}
    p99[default] = 11.0
    assert choose(finals, p99, CLASSES, default, 16)["half"] == careful


def test_who_does_not_fall_is_a_finalist_too() -> None:
    points = [tried(i, 5.0, float(i)) for i in range(9)]
    for place in range(1, 9):
        shaky = result(float(place), float(place), falls=1)
        points[place] = Tried(setting(place), Tick(5.0, 5.0), shaky, str(place))
    assert set(finalists(points, CLASSES, setting(8), 16)) == {setting(i) for i in (6, 7, 8)}
    assert setting(0) in finalists(points, CLASSES, setting(0), 16)


def test_classes_never_exceed_the_limit() -> None:
    slow = Classes(limit_ms=10.0, default_ms=30.0)
    assert [slow.most_ms(name) for name in ("best", "as-fast", "half")] == [10, 10, 10]
