"""RL2, the model-free counterpart: a recurrent policy that learns to adapt from rewards alone.

    python benchmarks/model_free.py half-cheetah --transitions 3000000 --out runs/rl2-half-cheetah

Duan et al., "RL2: Fast reinforcement learning via slow reinforcement learning" (2016): an LSTM is
told the observation, what it did and what that earned, and is trained by PPO over whole episodes,
each under its own draw of the training perturbations, half of which strike after the start. What it
finds out about the robot lies in its state; no weight changes while it runs. Drawn from the same
train sides as the models' data, and measured as `faults.py` measures them: the speed after each
held-out fault. Needs the extra `model-free`.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

from adaptive_control.demo.metrics import bootstrap_interval
from adaptive_control.files import write_json
from adaptive_control.suites import sample_training_perturbation, suites_of
from adaptive_control.training import TrainConfig
from robots import BatchSimulator, Robot, get_robot, parse_perturbation

SECONDS, ONSET = 10.0, 5.0
_ROBOTS = 64
"""That collect side by side."""


class Trials(VecEnv):
    """B robots, each in an episode under its own draw of the training perturbations.

    What the policy is told: the observation, the last action, the last reward [B, S + A + 1].
    An episode ends with its time alone, as those of the evaluation: who falls lies where it is.
    """

    def __init__(self, robot: Robot, robots: int, seed: int):
        self._robot, self._rng = robot, np.random.default_rng(seed)
        self._steps = round(SECONDS / robot.spec.dt)
        self._step = 0
        seeds = self._rng.integers(2**31, size=robots).tolist()
        self._simulator = BatchSimulator(robot, ["none"] * robots, seeds, threads=1)
        spec = robot.spec
        told_size = spec.observation_size + spec.action_size + 1
        super().__init__(
            robots,
            gymnasium.spaces.Box(-np.inf, np.inf, (told_size,)),
            gymnasium.spaces.Box(spec.action_low, spec.action_high),
        )

    def reset(self) -> np.ndarray:
        """Start an episode of all of them."""
        self._step = 0
        texts = [self._draw() for _ in range(self.num_envs)]
        return told(self._robot, self._simulator.reset(perturbations=texts))

    def step_async(self, actions: np.ndarray) -> None:
        """What they do next [B, A]."""
        self._actions = actions

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """One control step; when the time is over, the next episode has begun."""
        outcome = self._simulator.step(self._actions)
        self._step += 1
        seen = told(self._robot, outcome.observation, self._actions, outcome.reward)
        over = self._step == self._steps
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        if over:  # not an end of the task: what would follow counts
            infos = [{"terminal_observation": row, "TimeLimit.truncated": True} for row in seen]
            seen = self.reset()
        return seen, np.asarray(outcome.reward), np.full(self.num_envs, over), infos

    def _draw(self) -> str:
        name, defaults = self._robot.spec.name, TrainConfig
        text = sample_training_perturbation(
            name, self._rng, whole_share=defaults.whole_share, paired_share=defaults.paired_share
        )
        if text == "none" or self._rng.random() < 0.5:
            return text
        onset = self._robot.spec.dt * int(self._rng.integers(self._steps))
        return str(parse_perturbation(text, self._robot).with_schedule(onset))

    def close(self) -> None:
        """Nothing to free."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same for all of them."""
        return [getattr(self, attr_name, None)] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Refused: nothing to set."""
        raise NotImplementedError(attr_name)

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> Any:
        """Refused: the robots are no environments of their own."""
        raise NotImplementedError(method_name)

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """None of them is."""
        return [False] * self.num_envs


def told(
    robot: Robot, observation: np.ndarray, action: Any = None, reward: Any = None
) -> np.ndarray:
    """What the policy is told, float32 [B, S + A + 1]; zeros for what has not been yet."""
    spec, size = robot.spec, len(observation)
    if action is None:
        action, reward = np.zeros((size, spec.action_size)), np.zeros(size)
    reward = np.asarray(reward).reshape(size, 1)
    return np.concatenate([observation, action, reward], axis=1).astype(np.float32)


def speeds(
    policy: RecurrentPPO, scale: VecNormalize, robot: Robot, fault: str, seeds: Sequence[int]
) -> np.ndarray:
    """Of each seed, in the 5 s after the fault, of the whole run without one [B] [m/s]."""
    perturbation = parse_perturbation(fault, robot).with_schedule(ONSET)
    simulator = BatchSimulator(robot, [str(perturbation)] * len(seeds), seeds, threads=1)
    seen = told(robot, simulator.reset(seeds=seeds))
    state, starts = None, np.ones(len(seeds), dtype=bool)
    places = [simulator.position[:, 0].copy()]
    for _ in range(round(SECONDS / robot.spec.dt)):
        scaled = np.asarray(scale.normalize_obs(seen))
        action, state = policy.predict(scaled, state, starts, deterministic=True)
        starts = np.zeros(len(seeds), dtype=bool)
        outcome = simulator.step(action)
        seen = told(robot, outcome.observation, action, outcome.reward)
        places.append(simulator.position[:, 0].copy())
    first = 0 if fault == "none" else round(ONSET / robot.spec.dt)
    return (places[-1] - places[first]) / ((len(places) - 1 - first) * robot.spec.dt)


def main() -> None:
    """Train, and after every tenth of it measure the held-out faults."""
    parser = argparse.ArgumentParser(description="RL2 under every held-out fault.")
    parser.add_argument("robot")
    parser.add_argument("--transitions", type=int, default=3_000_000)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    robot = get_robot(arguments.robot)
    held_out = [t for s in suites_of(arguments.robot) for t in s.test if "@" not in t]
    scale = VecNormalize(Trials(robot, _ROBOTS, seed=0), gamma=0.99)
    steps = round(SECONDS / robot.spec.dt)
    policy = RecurrentPPO(
        "MlpLstmPolicy", scale, n_steps=steps, batch_size=_ROBOTS * steps // 4, n_epochs=8,
        learning_rate=3e-4, gamma=0.99, clip_range=0.2, ent_coef=0.0, target_kl=0.03, seed=0,
        policy_kwargs={"lstm_hidden_size": 128, "log_std_init": -0.7}, device="cpu",
    )  # fmt: skip
    rows: list[dict[str, Any]] = []
    began = time.perf_counter()
    for part in range(1, 11):
        goal = arguments.transitions * part // 10
        policy.learn(goal - policy.num_timesteps, reset_num_timesteps=False)
        found = {
            fault: speeds(policy, scale, robot, fault, range(arguments.seeds))
            for fault in ("none", *held_out)
        }
        rows.append(
            {
                "transitions": policy.num_timesteps,
                "seconds": round(time.perf_counter() - began),
                "speed": {fault: float(values.mean()) for fault, values in found.items()},
                "interval_95": {
                    fault: bootstrap_interval(values.tolist()) for fault, values in found.items()
                },
            }
        )
        write_json(arguments.out / "results.json", rows)
        mean = np.mean([rows[-1]["speed"][fault] for fault in held_out])
        print(
            f"| {policy.num_timesteps:,} | {rows[-1]['speed']['none']:.2f} | {mean:.2f} "
            f"| {rows[-1]['seconds']} s |",
            flush=True,
        )


if __name__ == "__main__":
    main()
