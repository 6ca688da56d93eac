"""The search: nothing too slow is run, and a study that was stopped is the study that was not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from adaptive_control.errors import AdaptiveControlError
from adaptive_control.tune.config import TuneConfig
from adaptive_control.tune.draws import training_scenarios
from adaptive_control.tune.search import Search, Tried
from adaptive_control.tune.setting import Setting
from adaptive_control.tune.space import Space
from adaptive_control.tune.store import open_store
from controllers import format_planner, make_planner
from robots import get_robot
from tests.adaptive_control.tune.conftest import SPACE, TABLE, FormulaPool

DEFAULT = Setting(format_planner(make_planner("cem")), 16)
CONFIG = TuneConfig(trials=24, generation=8, timeout=None)
Watch = Callable[[int, int], None]


def searched(
    config: TuneConfig, pool: FormulaPool, space: Space = SPACE, deadline: float | None = None
) -> tuple[list[Tried], Search]:
    scenarios = training_scenarios(get_robot("half-cheetah"), 16, 100, 0, "search")
    with open_store(config) as store:
        search = Search(config, space, DEFAULT, TABLE, scenarios, store, pool)
        search.run(deadline)
        return list(search.tried.values()), search


def test_what_is_good_is_found(tmp_path: Path) -> None:
    tried, search = searched(replace(CONFIG, out=tmp_path, trials=56), FormulaPool())
    best = max((t for t in tried if t.tick.p99_ms <= 40), key=lambda t: t.result.mean)
    default = next(t for t in tried if t.setting == DEFAULT)
    assert best.result.mean > default.result.mean + 5
    assert abs(best.setting.parsed.horizon - 15) <= 10
    assert search.finished == 7


def test_the_too_slow_are_refused_before_any_episode(tmp_path: Path) -> None:
    pool = FormulaPool()
    _, search = searched(replace(CONFIG, out=tmp_path, share=0.2), pool)
    assert search.rejected > 0
    assert len(pool.jobs) <= 25
    for job in pool.jobs[1:]:  # the first is the default, which is run whatever it takes
        assert TABLE.tick(job.setting).p99_ms <= 10
    refused = [t for t in search.study.trials if t.user_attrs.get("too_slow")]
    assert all(t.constraints["period"] > 0 for t in refused)


def test_a_period_that_nothing_meets_is_refused(tmp_path: Path) -> None:
    pool = FormulaPool()
    with pytest.raises(AdaptiveControlError, match="200 settings in a row take longer"):
        searched(replace(CONFIG, out=tmp_path, share=0.001), pool)
    assert len(pool.jobs) == 1


@pytest.mark.parametrize("stop_after", [0, 5, 9, 20])
def test_stopped_and_resumed_is_the_same(tmp_path: Path, stop_after: int) -> None:
    whole, first = searched(replace(CONFIG, out=tmp_path / "whole"), FormulaPool())
    stopped = replace(CONFIG, out=tmp_path / "stopped")
    with pytest.raises(KeyboardInterrupt):
        searched(stopped, FormulaPool(stop_after=stop_after))
    pool = FormulaPool()
    resumed, second = searched(replace(stopped, resume=True), pool)
    assert resumed == whole
    assert [t.params for t in second.study.trials] == [t.params for t in first.study.trials]
    assert len(pool.jobs) == len({t.setting for t in whole}) - stop_after  # nothing is run twice


def test_more_trials_go_on_as_if_asked_for_at_once(tmp_path: Path) -> None:
    whole, _ = searched(replace(CONFIG, out=tmp_path / "whole"), FormulaPool())
    few = replace(CONFIG, out=tmp_path / "few", trials=16)
    searched(few, FormulaPool())
    more, _ = searched(replace(few, trials=24, resume=True), FormulaPool())
    assert more == whole


def test_generations_smaller_than_the_starts_lose_none(tmp_path: Path) -> None:
    config = replace(CONFIG, out=tmp_path / "whole", trials=6, generation=1)
    whole, _ = searched(config, FormulaPool())
    few = replace(config, out=tmp_path / "few", trials=2)
    searched(few, FormulaPool())
    more, _ = searched(replace(few, trials=6, resume=True), FormulaPool())
    assert more == whole
    assert {t.setting.kind for t in whole[:5]} == set(SPACE.planners)


def test_a_journal_that_was_cut_off_in_a_generation_is_completed(tmp_path: Path) -> None:
    config = replace(CONFIG, out=tmp_path)
    whole, _ = searched(config, FormulaPool())
    journal = tmp_path / "study.journal"
    lines = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join(lines[:-3]) + lines[-3][:40])
    pool = FormulaPool()
    resumed, search = searched(replace(config, resume=True), pool)
    assert resumed == whole
    assert pool.jobs == []  # results are in the folder, whatever the journal says
    storage = JournalStorage(JournalFileBackend(str(journal)))
    recorded = optuna.load_study(study_name="tune", storage=storage).trials
    assert [t.params for t in recorded] == [t.params for t in search.study.trials]


def test_the_default_may_be_of_a_kind_that_is_not_searched(tmp_path: Path) -> None:
    space = replace(SPACE, planners=("mppi",))
    tried, search = searched(replace(CONFIG, out=tmp_path), FormulaPool(), space)
    assert search.finished == 3
    assert {t.setting.kind for t in tried if t.setting != DEFAULT} == {"mppi"}


def test_seeds_differ(tmp_path: Path) -> None:
    one, _ = searched(replace(CONFIG, out=tmp_path / "0"), FormulaPool())
    other, _ = searched(replace(CONFIG, out=tmp_path / "1", seed=1), FormulaPool())
    assert one != other


def test_the_time_limit_ends_between_generations(tmp_path: Path) -> None:
    _, search = searched(replace(CONFIG, out=tmp_path), FormulaPool(), deadline=0.0)
    assert search.finished == 0


def test_a_journal_of_another_study_is_noticed(tmp_path: Path) -> None:
    config = replace(CONFIG, out=tmp_path / "a", trials=16)
    searched(config, FormulaPool())
    other = replace(config, out=tmp_path / "b", seed=1)
    with pytest.raises(KeyboardInterrupt):
        searched(other, FormulaPool(stop_after=13))
    journal = (tmp_path / "a" / "study.journal").read_text().splitlines(keepends=True)
    (tmp_path / "b" / "study.journal").write_text("".join(journal[:-3]))
    with pytest.raises(AdaptiveControlError, match="is not the one that this version proposes"):
        searched(replace(other, resume=True), FormulaPool())


def test_rivals_are_the_best_that_are_as_fast(tmp_path: Path) -> None:
    pool = FormulaPool()
    tried, _ = searched(replace(CONFIG, out=tmp_path), pool)
    rivals = [job for job in pool.jobs if job.rival]
    assert rivals
    for job in rivals:
        tick = TABLE.tick(job.setting)
        as_fast = [t for t in tried if t.tick.p99_ms <= tick.p99_ms]
        assert any(t.result.returns == job.rival for t in as_fast)
    assert next(t.origin for t in tried if t.setting == DEFAULT) == "default"
