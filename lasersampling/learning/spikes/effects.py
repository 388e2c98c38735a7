"""Which settings have an effect, beside the others."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, Protocol

from lasersampling.checks import shown
from lasersampling.errors import Problem
from lasersampling.learning.spikes.parts import LossSettings, Method, NetworkSettings
from lasersampling.lif.populations.answers import VOLTAGES

_DELAYED = "delays that are learned: network.delays, network.delay_range.trainable"


class Learning(Protocol):
    """What of the settings of learning says which others act; `recipes.SpikeLearning` has it."""

    @property
    def schedule(self) -> str:
        """How rates decrease."""


Effects = Mapping[str, tuple[bool, str]]
"""For settings by name: whether they act, and beside which others they do."""


def idle_problems(
    network: NetworkSettings, loss: LossSettings, learning: Learning, method: Method
) -> list[Problem]:
    """List the settings that were changed where they have no effect.

    Parameters
    ----------
    network, loss, learning, method
        Those of a training.
    """
    has_delays = network.delays != "none"
    learns_delays = has_delays and network.delay_range.trainable
    of_loss = _effects_of_loss(network, loss, method, learns_delays=learns_delays)
    of_network: Effects = {"delay_range": (has_delays, "network.delays other than none")}
    of_learning: Effects = {
        "delay_learning_rate": (learns_delays, _DELAYED),
        "decay_every": (learning.schedule == "step", "learning.schedule = step"),
        "decay_factor": (learning.schedule == "step", "learning.schedule = step"),
        # Recruitment that is switched off, as in comparisons, leaves its limits as they are.
        "hidden_limit": (bool(network.hidden), "hidden neurons, which it recruits: network.hidden"),
        "output_limit": (
            network.read_out is None,
            "output neurons that spike, which it recruits: no network.read_out",
        ),
    }
    beside = f"loss.kind = {loss.kind}"
    return [
        *_idle("loss", loss, of_loss, beside),
        *_idle("network", network, of_network, f"network.delays = {network.delays}"),
        *_idle("learning", learning, of_learning, _beside(network, learning)),
    ]


def _beside(network: NetworkSettings, learning: Learning) -> str:
    return (
        f"learning.schedule = {learning.schedule}, network.delays = {network.delays}, "
        f"{len(network.hidden)} hidden layers"
    )


def _effects_of_loss(
    network: NetworkSettings, loss: LossSettings, method: Method, *, learns_delays: bool
) -> Effects:
    spiking_hidden = bool(network.hidden) and network.after_spike is not None
    return {
        "separation": (loss.kind == "time_difference", "loss.kind = time_difference"),
        "temperature": (loss.kind != "time_difference", "any other loss.kind"),
        "late_weight": (loss.kind == "cross_entropy", "loss.kind = cross_entropy"),
        "absent_time": (
            loss.kind not in VOLTAGES,
            "losses of spikes; voltages are read until network.read_out.until",
        ),
        "late_penalty": (loss.is_of_first_spikes, "losses of first spikes"),
        "latest": (
            loss.is_of_first_spikes and loss.late_penalty > 0,
            "losses of first spikes and a loss.late_penalty above 0",
        ),
        "decay": (loss.kind == "integral", "loss.kind = integral"),
        "delay_penalty": (learns_delays, _DELAYED),
        "rate_penalty": (
            spiking_hidden and method != "closed-form",
            "hidden neurons that spike again (network.after_spike); where they spike once, see "
            "learning.recruitment",
        ),
        "lowest_rate": (loss.rate_penalty > 0, "a loss.rate_penalty above 0"),
        "highest_rate": (loss.rate_penalty > 0, "a loss.rate_penalty above 0"),
    }


def _idle(part: str, settings: Any, effects: Effects, beside: str) -> list[Problem]:
    """List the settings of a part that are not the usual ones, and do not act."""
    usual = type(settings)()
    problems = []
    for name, (acts, where) in effects.items():
        value, default = getattr(settings, name), getattr(usual, name)
        if not acts and value != default:
            got = f"{_told(value, default)}, which has no effect here ({beside})"
            left = "nothing" if default is None else f"the default, {_told(default, value)}"
            problems.append(Problem(f"{part}.{name}", got, f"{left}: it acts with {where}"))
    return problems


def _told(value: Any, other: Any) -> str:
    """Write a value; of settings in a table, those in which it differs from another."""
    if dataclasses.is_dataclass(value):
        own = vars(value).items()
        inner = ", ".join(f"{k} = {v}" for k, v in own if v != getattr(other, k))
        return inner or "nothing"
    return f"{value:g}" if isinstance(value, int | float) else shown(value)
