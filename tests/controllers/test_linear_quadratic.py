"""Each planner against the exact answer of a linear-quadratic problem."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from controllers import NoiseSource, make_planner, planner_names

ROBOTS = 8

# Relative gap to the optimum that the worst of eight seeds must stay within: 0 is the exact
# answer, 1 is doing nothing. Random shooting cannot do much better in ten dimensions.
GAPS = {
    ("cem", 3): 0.04,
    ("cem", 10): 0.001,
    ("icem", 3): 0.12,
    ("icem", 30): 0.02,
    ("mppi", 3): 0.04,
    ("mppi", 10): 0.002,
    ("random-shooting", 30): 0.25,
}


def plan_for(planner, problem, iterations, start=None):
    limit = np.array([problem.limit])
    plan = planner.start(ROBOTS, -limit, limit) if start is None else start
    noise = NoiseSource(tuple(range(ROBOTS)))
    for _ in range(iterations):
        plan = planner.improve(
            plan, problem.score, noise.draw(planner.noise_shape(ROBOTS, 1), plan.mean)
        )
    return plan


def test_the_exact_answer_is_the_best_there_is(problem):
    actions, best = problem.optimum()
    assert np.abs(actions).max() < problem.limit
    assert problem.score(actions[None, None])[0, 0] == pytest.approx(best, rel=1e-12)
    nudged = actions + 1e-3 * np.random.default_rng(0).standard_normal((20, *actions.shape))
    assert np.all(problem.score(nudged[None]) < best)


@pytest.mark.parametrize(("name", "iterations"), GAPS)
def test_gap_to_the_exact_answer(name, iterations, problem):
    planner = make_planner(name, candidates=200, horizon=problem.horizon)
    plan = plan_for(planner, problem, iterations)
    gap = problem.gap(problem.score(plan.sequence[:, None])[:, 0])
    assert np.all(gap >= -1e-12)
    assert gap.max() <= GAPS[name, iterations]


@pytest.mark.parametrize("name", planner_names())
def test_the_estimated_return_is_near_the_true_one(name, problem):
    planner = make_planner(name, candidates=200, horizon=problem.horizon)
    plan = plan_for(planner, problem, 10)
    true = problem.score(plan.mean[:, None])[:, 0]
    np.testing.assert_allclose(plan.returns, true, atol=0.05 * abs(problem.optimum()[1]))
    np.testing.assert_allclose(plan.best_returns, problem.score(plan.best[:, None])[:, 0])


@pytest.mark.parametrize("name", planner_names())
def test_a_perfect_warm_start_is_never_lost(name, problem):
    planner = make_planner(name, candidates=50, horizon=problem.horizon, execute="best")
    actions, best = problem.optimum()
    limit = np.array([problem.limit])
    start = planner.start(ROBOTS, -limit, limit)
    start = replace(start, mean=start.mean + actions, best=start.best - 1.0)
    plan = plan_for(planner, problem, 1, start)
    np.testing.assert_allclose(plan.best_returns, best, rtol=1e-12)
    np.testing.assert_allclose(plan.action[:, 0], actions[0, 0], rtol=1e-12)


def test_coloured_noise_wins_where_the_answer_is_smooth(problem):
    # Pushing steadily in one direction is what moves a robot; white noise rarely tries it.
    horizon = 30

    def distance(actions):
        return np.cumsum(np.cumsum(actions, axis=2), axis=2)[:, :, -1, 0]

    def reached(colour):
        planner = make_planner(
            "icem", candidates=50, horizon=horizon, elites=10, colour=colour, keep=3
        )
        plan = planner.start(ROBOTS, np.array([-1.0]), np.array([1.0]))
        noise = NoiseSource(tuple(range(ROBOTS)))
        shape = planner.noise_shape(ROBOTS, 1)
        plan = planner.improve(plan, distance, noise.draw(shape, plan.mean))
        return distance(plan.mean[:, None]).mean()

    assert reached(colour=2.0) > 1.8 * reached(colour=0.0)
