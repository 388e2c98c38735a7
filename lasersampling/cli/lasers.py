"""Lasers out of the configurations of commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lasersampling.cli.configurations import InferConfig, LasersConfig, ServeLasersConfig
    from lasersampling.sampling.neurons.sampler import Lasers


def configured_lasers(
    config: LasersConfig | ServeLasersConfig | InferConfig, **more: Any
) -> Lasers:
    """Make the lasers of a configuration; `more` are settings that not all of these have."""
    from lasersampling.sampling.neurons.sampler import Lasers

    return Lasers(
        config.device,
        delay_ns=config.delay_ns,
        interval_ns=config.interval_ns,
        burn_in_ns=config.burn_in_ns,
        settings=config.calibration,
        imperfections=config.imperfections,
        chip_seed=config.chip_seed,
        **more,
    )
