"""Sampling planners and the MPC agent, on arrays of numpy or torch alike.

planner = load_planner("cem:candidates=200,horizon=15")
agent = MPCAgent(model, planner, action_low=low, action_high=high, observation_size=18)
decision = agent.act(observation)
"""

from __future__ import annotations

from controllers.agent import MPCAgent, mean_squared_error
from controllers.cem import CEM
from controllers.decision import Decision
from controllers.errors import PlannerError
from controllers.gate import GateConfig, GateState
from controllers.horizon import at_horizon
from controllers.icem import ICEM
from controllers.lookahead import Lookahead
from controllers.model import AdaptiveModel, Context
from controllers.mppi import MPPI
from controllers.noise import NoiseSource
from controllers.plan import Plan, Score
from controllers.planner import Planner, SamplingPlanner
from controllers.random_shooting import RandomShooting
from controllers.registry import make_planner, planner_names
from controllers.returns import who_goes_on
from controllers.settings import load_planner, read_planner, save_planner
from controllers.text import format_planner, parse_planner
from controllers.window import Window

__all__ = [
    "CEM",
    "ICEM",
    "MPPI",
    "AdaptiveModel",
    "Context",
    "Decision",
    "GateConfig",
    "GateState",
    "Lookahead",
    "MPCAgent",
    "NoiseSource",
    "Plan",
    "Planner",
    "PlannerError",
    "RandomShooting",
    "SamplingPlanner",
    "Score",
    "Window",
    "at_horizon",
    "format_planner",
    "load_planner",
    "make_planner",
    "mean_squared_error",
    "parse_planner",
    "planner_names",
    "read_planner",
    "save_planner",
    "who_goes_on",
]
