"""Which settings of a loss have an effect, beside the others."""

from __future__ import annotations

from lasersampling.errors import Problem
from lasersampling.learning.spikes.parts import LossSettings, Method, NetworkSettings
from lasersampling.lif.populations.answers import VOLTAGES


def idle_problems(network: NetworkSettings, loss: LossSettings, method: Method) -> list[Problem]:
    """List the settings of a loss that were changed where they have no effect.

    Parameters
    ----------
    network, loss, method
        Those of a training.
    """
    usual = LossSettings()
    spiking_hidden = bool(network.hidden) and network.after_spike is not None
    has_effect = {
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
        "delay_penalty": (
            network.delays != "none" and network.delay_range.trainable,
            "delays that are learned: network.delays, network.delay_range.trainable",
        ),
        "rate_penalty": (
            spiking_hidden and method != "closed-form",
            "hidden neurons that spike again (network.after_spike); where they spike once, see "
            "learning.recruitment",
        ),
        "lowest_rate": (loss.rate_penalty > 0, "a loss.rate_penalty above 0"),
        "highest_rate": (loss.rate_penalty > 0, "a loss.rate_penalty above 0"),
    }
    problems = []
    for name, (acts, where) in has_effect.items():
        value, default = getattr(loss, name), getattr(usual, name)
        if not acts and value != default:
            got = f"{value:g}, which has no effect here (loss.kind = {loss.kind})"
            left = "nothing" if default is None else f"the default, {default:g}"
            problems.append(Problem(f"loss.{name}", got, f"{left}: it acts with {where}"))
    return problems
