"""Several settings on many robots: the final, and the check."""

from __future__ import annotations

from collections.abc import Sequence

from adaptive_control.training.report import Reporter
from adaptive_control.tune.evaluate import Job, Result
from adaptive_control.tune.pool import Pool, run_jobs
from adaptive_control.tune.setting import Scenario, Setting
from adaptive_control.tune.store import Store

__all__ = ["contest"]


def contest(
    purpose: str,
    settings: Sequence[Setting],
    scenarios: tuple[Scenario, ...],
    steps: int,
    batch: int,
    store: Store,
    pool: Pool,
    reporter: Reporter,
) -> dict[Setting, Result]:
    """Results of each setting on all scenarios.

    Args:
        purpose: names the stage, and the results in the study's folder.
        settings: who competes.
        scenarios: the robots, the same for all.
        steps: T.
        batch: robots planned for at once; few enough that a killed study loses little.
        store: the study's folder.
        pool: where it is run.
        reporter: shown the progress.
    """
    parts = [scenarios[i : i + batch] for i in range(0, len(scenarios), batch)]
    reporter.stage(purpose, len(parts) * len(settings))
    columns = []
    for index, part in enumerate(parts):
        jobs = [Job(setting, part, steps, len(part)) for setting in settings]
        before = index * len(settings)

        def show(count: int, before: int = before) -> None:
            reporter.progress(before + count, "")

        columns.append(run_jobs(jobs, f"{purpose}-{index}", store, pool, show))
    return {
        setting: _joined([column[place] for column in columns])
        for place, setting in enumerate(settings)
    }


def _joined(results: Sequence[Result]) -> Result:
    """The results of all batches as one."""
    return Result(
        tuple(value for result in results for value in result.returns),
        tuple(value for result in results for value in result.roughness),
        all(result.complete for result in results),
        sum(result.seconds for result in results),
        tuple(value for result in results for value in result.fallen),
    )
