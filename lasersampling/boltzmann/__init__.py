"""Boltzmann machines: energies, clamping, exact answers by enumeration, targets, and their files.

Also layered machines, Bayesian networks and auxiliary units for higher orders. No sampler and no
physics: whatever draws states approximately stands in `lasersampling.sampling`.
"""

from lasersampling.boltzmann.bayesian_network import BayesianNetwork, load_bayesian_network
from lasersampling.boltzmann.clamping import clamp
from lasersampling.boltzmann.connectivity import local_fields, random_fan_in
from lasersampling.boltzmann.enumeration import (
    Moments,
    exact_distribution,
    exact_moments,
    log_partition,
    marginal,
)
from lasersampling.boltzmann.files import load_machine, load_provenance, save_machine
from lasersampling.boltzmann.layers import Layers, layered_machine
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.models import Model, load_model
from lasersampling.boltzmann.partition import (
    LogPartition,
    annealed_log_partition,
    layered_log_partition,
    log_probability,
)
from lasersampling.boltzmann.recognition import label_posterior
from lasersampling.boltzmann.restricted import AnyMachine, RestrictedMachine, as_machine
from lasersampling.boltzmann.sklearn_machines import from_bernoulli_rbm
from lasersampling.boltzmann.states import all_states, state_index
from lasersampling.boltzmann.target_files import read_target, save_target
from lasersampling.boltzmann.targets import (
    Target,
    target_from_machine,
    target_from_samples,
    target_from_table,
)
from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.boltzmann.visible import completed_moments, visible_distribution

__all__ = [
    "AnyMachine",
    "BayesianNetwork",
    "BoltzmannMachine",
    "Layers",
    "LogPartition",
    "Model",
    "Moments",
    "RestrictedMachine",
    "Target",
    "UnitNames",
    "all_states",
    "annealed_log_partition",
    "as_machine",
    "clamp",
    "completed_moments",
    "exact_distribution",
    "exact_moments",
    "from_bernoulli_rbm",
    "label_posterior",
    "layered_log_partition",
    "layered_machine",
    "load_machine",
    "load_model",
    "load_bayesian_network",
    "load_provenance",
    "local_fields",
    "log_partition",
    "log_probability",
    "marginal",
    "random_fan_in",
    "read_target",
    "save_target",
    "save_machine",
    "state_index",
    "target_from_machine",
    "target_from_samples",
    "target_from_table",
    "visible_distribution",
]
