"""Simulated spiking nanolasers that sample Boltzmann machines and learn from data.

The names below are the public interface. Each is imported from its module when it is first used,
so that ``import lasersampling`` stays light and free of side effects.
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lasersampling.boltzmann import BoltzmannMachine as BoltzmannMachine
    from lasersampling.boltzmann import RestrictedMachine as RestrictedMachine
    from lasersampling.boltzmann import clamp as clamp
    from lasersampling.boltzmann import exact_distribution as exact_distribution
    from lasersampling.boltzmann import exact_moments as exact_moments
    from lasersampling.boltzmann import load_machine as load_machine
    from lasersampling.boltzmann import read_target as read_target
    from lasersampling.boltzmann import save_machine as save_machine
    from lasersampling.boltzmann.targets import target_from_table as target_from_table
    from lasersampling.errors import InputError as InputError
    from lasersampling.errors import LaserSamplingError as LaserSamplingError
    from lasersampling.hardware import Imperfections as Imperfections
    from lasersampling.judging.generation import generate_images as generate_images
    from lasersampling.lasers.device import Device as Device
    from lasersampling.lasers.device import load_device as load_device
    from lasersampling.lasers.network import LaserNetwork as LaserNetwork
    from lasersampling.lasers.simulation import SimulationSettings as SimulationSettings
    from lasersampling.lasers.simulation import simulate as simulate
    from lasersampling.learning.machines.contrastive import initial_machine as initial_machine
    from lasersampling.learning.machines.contrastive import learn as learn
    from lasersampling.learning.machines.settings import (
        DistributionLearning as DistributionLearning,
    )
    from lasersampling.learning.pictures.models import load_picture_model as load_picture_model
    from lasersampling.lif import Neuron as Neuron
    from lasersampling.lif import SpikingNetwork as SpikingNetwork
    from lasersampling.lif import first_spike_times as first_spike_times
    from lasersampling.results.figures import save_figure as save_figure
    from lasersampling.results.store import read_results as read_results
    from lasersampling.sampling.certificate import certificate as certificate
    from lasersampling.sampling.evidence import Evidence as Evidence
    from lasersampling.sampling.gibbs import Gibbs as Gibbs
    from lasersampling.sampling.inference import infer as infer
    from lasersampling.sampling.neurons.adaptation import adapt as adapt
    from lasersampling.sampling.neurons.sampler import Lasers as Lasers
    from lasersampling.sampling.neurons.tempering import Tempering as Tempering
    from lasersampling.sampling.protocol import Samples as Samples
    from lasersampling.sampling.renewal.sampler import Renewal as Renewal
    from lasersampling.statistics.divergences import compare as compare
    from lasersampling.statistics.divergences import kl_divergence as kl_divergence
    from lasersampling.statistics.divergences import total_variation as total_variation

_MODULE_OF = {
    "BoltzmannMachine": "boltzmann",
    "Device": "lasers.device",
    "DistributionLearning": "learning.machines.settings",
    "Evidence": "sampling.evidence",
    "Gibbs": "sampling.gibbs",
    "Imperfections": "hardware",
    "InputError": "errors",
    "LaserNetwork": "lasers.network",
    "LaserSamplingError": "errors",
    "Lasers": "sampling.neurons.sampler",
    "Neuron": "lif",
    "Renewal": "sampling.renewal.sampler",
    "RestrictedMachine": "boltzmann",
    "Samples": "sampling.protocol",
    "SimulationSettings": "lasers.simulation",
    "SpikingNetwork": "lif",
    "Tempering": "sampling.neurons.tempering",
    "adapt": "sampling.neurons.adaptation",
    "certificate": "sampling.certificate",
    "clamp": "boltzmann",
    "compare": "statistics.divergences",
    "exact_distribution": "boltzmann",
    "exact_moments": "boltzmann",
    "first_spike_times": "lif",
    "generate_images": "judging.generation",
    "infer": "sampling.inference",
    "initial_machine": "learning.machines.contrastive",
    "kl_divergence": "statistics.divergences",
    "learn": "learning.machines.contrastive",
    "load_device": "lasers.device",
    "load_machine": "boltzmann",
    "load_picture_model": "learning.pictures.models",
    "read_results": "results.store",
    "read_target": "boltzmann",
    "save_figure": "results.figures",
    "save_machine": "boltzmann",
    "simulate": "lasers.simulation",
    "target_from_table": "boltzmann.targets",
    "total_variation": "statistics.divergences",
}

__all__ = ["__version__", *_MODULE_OF]

try:
    __version__ = importlib.metadata.version("lasersampling")
except importlib.metadata.PackageNotFoundError:  # a clone on the path that was never installed
    __version__ = "0+unknown"


# Hidden from type checkers, which would otherwise believe that every name exists.
if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        if name not in _MODULE_OF:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
        globals()[name] = value  # the next access no longer passes here
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
