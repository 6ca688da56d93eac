"""What must hold for every planner, whatever the scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from controllers import NoiseSource, PlannerError, make_planner, planner_names
from controllers.mppi import path_integral_weights
from controllers.random_shooting import uniform_from_normal
from controllers.returns import best_of, finite_returns, who_goes_on

N, H = 24, 5
LOW, HIGH = np.array([-1.0, 0.0]), np.array([1.0, 0.3])
FEW = settings(max_examples=25, deadline=None)
SEEDS = st.integers(0, 2**32)


def small(name, **changes):
    few = {"random-shooting": {"elites": 3}, "cem": {"elites": 6}, "mppi": {}}
    few["icem"] = {"elites": 6, "keep": 2}
    return make_planner(name, **{"candidates": N, "horizon": H} | few[name] | changes)


def noise_for(planner, seeds):
    return NoiseSource(tuple(seeds)).draw(planner.noise_shape(len(seeds), 2), LOW)


def smooth(actions):
    """A score with its best well inside the limits."""
    return -np.sum((actions - np.array([0.4, 0.1])) ** 2, axis=(2, 3))


anything = st.floats(allow_nan=True, allow_infinity=True)
scores = hnp.arrays(np.float64, (2, N), elements=anything)


@pytest.mark.parametrize("name", planner_names())
@FEW
@given(returns=scores, seed=SEEDS, size=st.floats(0.01, 50))
def test_actions_never_leave_the_limits_and_never_turn_nan(name, returns, seed, size):
    planner = small(name)
    plan = planner.start(2, LOW, HIGH)
    for step in range(3):
        tried = []

        def score(actions, tried=tried):
            tried.append(actions)
            return returns[:, : actions.shape[1]]

        noise = size * noise_for(planner, (seed, seed + step))
        plan = planner.improve(plan, score, noise)
        for actions in (*tried, plan.mean, plan.best, plan.sequence, plan.action):
            assert np.all((actions >= LOW) & (actions <= HIGH))
        assert np.all(np.isfinite(plan.std))
        assert np.all(plan.std > 0)
        assert not np.any(np.isnan(plan.returns))


@pytest.mark.parametrize("name", planner_names())
@FEW
@given(returns=scores, seed=SEEDS)
def test_robots_without_a_finite_return_keep_their_plan(name, returns, seed):
    planner = small(name)
    plan = planner.improve(
        planner.start(2, LOW, HIGH), smooth, noise_for(planner, (seed, seed + 1))
    )
    returns[0] = np.where(np.isfinite(returns[0]), np.nan, returns[0])
    returns[1] = np.clip(np.nan_to_num(returns[1]), -1e9, 1e9)
    after = planner.improve(
        plan,
        lambda actions: returns[:, : actions.shape[1]],
        noise_for(planner, (seed + 2, seed + 3)),
    )
    for field in ("mean", "std", "best", "best_returns", "kept", "kept_valid"):
        np.testing.assert_array_equal(getattr(after, field)[0], getattr(plan, field)[0], field)
    assert after.returns[0] == -np.inf
    assert np.isfinite(after.returns[1])
    assert not np.array_equal(after.mean[1], plan.mean[1])


@pytest.mark.parametrize("name", planner_names())
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_a_diverged_candidate_never_counts(name, bad):
    """Moving a candidate that diverged changes nothing."""
    planner = small(name)
    start = planner.start(1, LOW, HIGH)
    noise = noise_for(planner, (7,))
    elsewhere = noise.copy()
    elsewhere[:, 9::3] += 1.0

    def score(actions):
        returns = np.arange(actions.shape[1], dtype=float)[None]
        returns[:, 9::3] = bad
        return returns

    ours, theirs = (planner.improve(start, score, drawn) for drawn in (noise, elsewhere))
    assert not np.array_equal(ours.mean, start.mean)
    for field in ("mean", "std", "returns", "best", "best_returns", "kept"):
        np.testing.assert_array_equal(getattr(ours, field), getattr(theirs, field), field)


@pytest.mark.parametrize("name", planner_names())
@FEW
@given(seed=SEEDS)
def test_improving_never_lowers_the_best_known_return(name, seed):
    planner = small(name, execute="best")
    plan = planner.start(2, LOW, HIGH)
    for step in range(6):
        floor = np.maximum(plan.best_returns, smooth(plan.mean[:, None])[:, 0])
        plan = planner.improve(plan, smooth, noise_for(planner, (seed, seed + step + 1)))
        # Sums over arrays that lie in memory differently end in other last bits.
        assert np.all(plan.best_returns >= floor - 1e-14)
        again = smooth(plan.sequence[:, None])[:, 0]
        np.testing.assert_allclose(again, plan.best_returns, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("name", planner_names())
@FEW
@given(order=st.permutations(range(4)), seed=SEEDS)
def test_robots_in_a_batch_never_see_each_other(name, order, seed):
    planner = small(name)
    order = list(order)
    targets = np.linspace(-0.5, 0.5, 4)

    def run(robots):
        goal = targets[robots][:, None, None, None]
        plan = planner.start(4, LOW, HIGH)
        for step in range(4):
            noise = noise_for(planner, [seed + 10 * step + robot for robot in robots])
            plan = planner.improve(
                plan, lambda actions: -np.sum((actions - goal) ** 2, axis=(2, 3)), noise
            )
            plan = planner.shift(plan) if step == 1 else plan
        return plan

    plain, permuted = run([0, 1, 2, 3]), run(order)
    for field in ("mean", "std", "returns", "best", "best_returns", "kept"):
        ours = getattr(plain, field)[order]
        np.testing.assert_allclose(getattr(permuted, field), ours, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", planner_names())
@pytest.mark.parametrize("horizon", [1, H])
def test_shift_moves_everything_by_one_step(name, horizon):
    planner = small(name, horizon=horizon)
    start = planner.start(2, LOW, HIGH)
    plan = planner.improve(start, smooth, noise_for(planner, (1, 2)))
    shifted = planner.shift(plan)
    for field in ("mean", "best", "kept"):
        old, new = getattr(plan, field), getattr(shifted, field)
        np.testing.assert_array_equal(new[..., :-1, :], old[..., 1:, :])
        np.testing.assert_array_equal(new[..., -1, :], old[..., -1, :])
    np.testing.assert_array_equal(shifted.std, start.std)
    np.testing.assert_array_equal(shifted.kept_valid, plan.kept_valid)
    assert np.all(np.isneginf(shifted.returns))
    assert np.all(np.isneginf(shifted.best_returns))
    assert (plan.iteration, shifted.iteration) == (1, 0)


@pytest.mark.parametrize("name", planner_names())
def test_the_first_candidate_is_the_mean_and_the_given_plan_stays(name):
    planner = small(name)
    plan = replace(planner.start(2, LOW, HIGH), mean=np.full((2, H, 2), 0.2))
    seen = []
    planner.improve(plan, lambda a: seen.append(a) or smooth(a), noise_for(planner, (1, 2)))
    np.testing.assert_array_equal(seen[0][:, 0], plan.mean)
    np.testing.assert_array_equal(plan.mean, 0.2)
    assert plan.iteration == 0


def test_executing_the_best_differs_from_executing_the_mean():
    mean, best = (small("cem", execute=execute) for execute in ("mean", "best"))
    noise = noise_for(mean, (3,))
    on_mean = mean.improve(mean.start(1, LOW, HIGH), smooth, noise)
    on_best = best.improve(best.start(1, LOW, HIGH), smooth, noise)
    np.testing.assert_array_equal(on_mean.action, on_mean.mean[:, 0])
    np.testing.assert_array_equal(on_best.action, on_mean.best[:, 0])
    assert not np.allclose(on_mean.action, on_best.action)


def test_elites_are_a_rank_however_many_tie():
    actions = np.arange(2.0 * N).reshape(2, N, 1, 1)
    returns = np.zeros((2, N))
    returns[1, [4, 9]] = 1.0
    chosen, values = best_of(actions, returns, 3)
    np.testing.assert_array_equal(chosen[:, :, 0, 0], [[0, 1, 2], [N + 4, N + 9, N]])
    np.testing.assert_array_equal(values, [[0, 0, 0], [1, 1, 0]])


@FEW
@given(returns=scores, count=st.integers(1, N))
def test_elites_match_a_sort_of_the_finite_returns(returns, count):
    cleaned = finite_returns(returns)
    _, values = best_of(np.zeros((2, N, 1, 1)), cleaned, count)
    for row, ours in zip(returns, values, strict=True):
        finite = [r for r in row if np.isfinite(r) and abs(r) < np.finfo(float).max ** 0.5]
        expected = sorted(finite, reverse=True)[:count]
        np.testing.assert_array_equal(ours, expected + [-np.inf] * (count - len(expected)))


@FEW
@given(returns=scores, count=st.integers(1, N))
def test_nobody_who_goes_on_promises_less_than_who_is_dropped(returns, count):
    for row in returns:
        left = who_goes_on(row, count)
        assert len(set(left.tolist())) == count
        assert left.tolist() == sorted(left.tolist())
        usable = finite_returns(row)
        dropped = np.delete(usable, left)
        assert dropped.max(initial=-np.inf) <= usable[left].min()


def test_cem_fits_the_elites():
    planner = small("cem", momentum=0.25, elites=4)
    plan = planner.start(1, LOW, HIGH)
    seen = []

    def score(actions):
        seen.append(actions)
        return np.arange(N, dtype=float)[None]

    after = planner.improve(plan, score, noise_for(planner, (5,)))
    elites = seen[0][:, -4:]
    np.testing.assert_allclose(after.mean, 0.25 * plan.mean + 0.75 * elites.mean(axis=1))
    np.testing.assert_allclose(after.std, 0.25 * plan.std + 0.75 * elites.std(axis=1))
    np.testing.assert_allclose(after.returns, np.mean([N - 4, N - 3, N - 2, N - 1]))


def test_below_no_momentum_the_mean_goes_beyond_the_elites_and_stays_inside_the_limits():
    planner = small("cem", momentum=-1.0, elites=4, std=0.2)
    plan = planner.start(1, LOW, HIGH)
    seen = []

    def score(actions):
        seen.append(actions)
        return smooth(actions)

    after = planner.improve(plan, score, noise_for(planner, (5,)))
    order = np.argsort(-smooth(seen[0])[0])[:4]
    elites = seen[0][:, order]
    beyond = plan.mean + 2 * (elites.mean(axis=1) - plan.mean)
    np.testing.assert_allclose(after.mean, np.clip(beyond, LOW, HIGH))
    floor = 0.05 * (np.asarray(HIGH) - LOW) / 2
    np.testing.assert_allclose(after.std, np.maximum(elites.std(axis=1), floor))


@pytest.mark.parametrize("name", ["cem", "icem"])
def test_few_iterations_get_further_when_the_mean_goes_beyond_the_elites(name):
    """On a smooth return of many dimensions, whose best plan is far from the first mean."""
    rng = np.random.default_rng(3)
    low, high = np.full(6, -1.0), np.full(6, 1.0)
    best = rng.uniform(-0.8, 0.8, (32, 15, 6))

    def reached(momentum: float) -> np.ndarray:
        settings = {"candidates": 100, "horizon": 15, "elites": 20, "momentum": momentum}
        planner = make_planner(name, **settings)
        plan = planner.start(32, low, high)
        noise = np.random.default_rng(4)
        for _ in range(2):
            drawn = noise.standard_normal(planner.noise_shape(32, 6))
            plan = planner.improve(
                plan, lambda actions: -((actions - best[:, None]) ** 2).sum((2, 3)), drawn
            )
        return ((plan.mean - best) ** 2).sum((1, 2))

    assert np.median(reached(-1.0) / reached(0.0)) < 0.95


def test_standard_deviation_has_a_floor_relative_to_the_range():
    planner = small("cem", elites=1, momentum=0.0, std_min=0.1)
    after = planner.improve(planner.start(1, LOW, HIGH), smooth, noise_for(planner, (5,)))
    np.testing.assert_allclose(after.std, np.broadcast_to([0.1, 0.015], (1, H, 2)))


def test_icem_tries_kept_elites_again_and_shrinks_its_population():
    planner = small("icem", candidates=24, elites=6, keep=2, decay=1.5)
    tried = []

    def score(actions):
        tried.append(actions)
        return smooth(actions)

    plan = planner.start(2, LOW, HIGH)
    noise = noise_for(planner, (1, 2))
    for _ in range(4):
        before = plan
        plan = planner.improve(plan, score, noise)
        if before.kept_valid.all():
            np.testing.assert_array_equal(tried[-1][:, 1:3], before.kept)
    assert [actions.shape[1] for actions in tried] == [24, 16, 12, 12]
    assert not np.any(tried[0][:, 1:3] == 0), "nothing is kept at the start: the slots are sampled"
    planner.improve(planner.shift(plan), score, noise)
    np.testing.assert_array_equal(tried[-1][:, 1:3, :-1], plan.kept[:, :, 1:])


@FEW
@given(
    returns=hnp.arrays(np.float64, (2, N), elements=st.floats(-100, 100)),
    scale=st.floats(0.01, 100),
    offset=st.floats(-100, 100),
)
def test_mppi_weights_do_not_depend_on_the_scale_of_the_reward(returns, scale, offset):
    returns = np.round(returns, 3)  # differences that rounding would swallow are no difference
    weights = path_integral_weights(returns, 0.2)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(
        path_integral_weights(scale * returns + offset, 0.2), weights, atol=1e-6
    )


def test_mppi_weights():
    returns = np.array([[3.0, 2.0, 1.0, -np.inf], [5.0] * 4, [-np.inf] * 4])
    weights = path_integral_weights(returns, 0.5)
    ratio = np.exp([0.0, -2.0, -4.0])  # best minus median is 1
    np.testing.assert_allclose(weights[0], [*(ratio / ratio.sum()), 0])
    np.testing.assert_allclose(weights[1], 0.25)
    np.testing.assert_array_equal(weights[2], 0)
    extreme = np.array([[1e18] * 3 + [-1e18]], dtype=np.float32)
    np.testing.assert_allclose(path_integral_weights(extreme, 0.1), [[1 / 3] * 3 + [0]], rtol=1e-6)


def test_random_shooting_is_uniform():
    noise = np.random.default_rng(0).standard_normal(200_000)
    uniform = np.sort(uniform_from_normal(noise))
    np.testing.assert_allclose(uniform, np.linspace(0, 1, uniform.size), atol=0.005)


@pytest.mark.parametrize(
    ("low", "high", "message"),
    [
        ([-1.0], [np.inf], "action limits: 'not finite' is not allowed"),
        ([1.0], [1.0], "action limits: 'low not below high' is not allowed"),
    ],
)
def test_limits_that_leave_no_room(low, high, message):
    with pytest.raises(PlannerError, match=message):
        small("cem").start(1, np.array(low), np.array(high))
