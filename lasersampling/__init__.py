"""Simulated spiking nanolasers that sample Boltzmann machines and learn from data.

The names below are the public interface. Each is imported from its module when it is first used,
so that ``import lasersampling`` stays light and free of side effects. Results of simulation,
sampling and training have ``.to_xarray()`` and ``.plot()``. ``docs/programs.md`` has programs of
ten lines.

Lasers, simulated
    simulate               spikes and traces of a laser or a network, by its rate equations
    LaserNetwork           equal lasers and their coupling
    Device                 a two-section laser
    Synapse                what a spike does to the pump of another laser
    SimulationSettings     step, noise, burn-in, traces, threads
    Depression             synapses that tire
    TraceRequest           which lasers are recorded in full, and when
    SpikeTrains            spikes, and the states that follow from them
    simulate_jumps         the exact jump process behind the equations
    excitability           threshold, pulse and refractory periods without noise
    bifurcations           pumps at which the dynamics of a laser changes

Machines and targets, with exact answers for small ones
    BoltzmannMachine       weights and biases of binary units
    RestrictedMachine      couplings between visible and hidden units only
    BayesianNetwork        tables of conditional probabilities, mapped to a machine
    Target                 a distribution to sample or learn
    target_from_table      a target from probabilities
    target_from_samples    a target from observed states
    target_from_machine    a target from the visible units of a machine
    all_states             all joint states, in the order of the probabilities
    clamp                  a vector of held units and their values
    exact_distribution     probabilities of all joint states, by enumeration
    exact_moments          means and second moments, by enumeration

Sampling
    Lasers                 a network of lasers as a sampler
    Renewal                neurons that spike by the measured hazard of the lasers
    HazardSettings         how that hazard is measured
    Gibbs                  the ideal, digital sampler
    Spread                 its chains, spread over processes or machines
    Samples                the draws of a sampler
    calibrate              activation curve and unit synapse of a device
    Imperfections          deviations of real lasers and chips from the model
    adapt                  correct the drive of lasers by their own draws
    Tempering              periodic modulation of pumps, to change between modes
    certificate            can these draws be trusted, and if not, what to do

Inference
    infer                  posterior of what was not observed
    Evidence               what was observed, hard or soft
    complete               complete occluded and noisy images
    SeenImages             the known part of images
    occluded               pixels that remain known when half of an image is hidden
    recognise              the class of images, by the label units of a machine

Learning
    learn                  learn a distribution, with any sampler in the loop
    initial_machine        a machine from which learning starts
    DistributionLearning   settings of learning a distribution
    train_images           train a machine of pictures
    PictureLearning        settings of the machine and its learning
    fine_tune              continue learning with a sampler in the loop
    FineTuning             settings of this learning
    generate               draw pictures from a trained machine

Spiking networks and chips
    train_spikes           train networks that decide by the first spike
    SpikeTraining          settings of networks, chips, loss and learning
    SpikingNetwork         layers of LIF neurons with delays
    Neuron                 a leaky integrate-and-fire neuron
    first_spike_times      when neurons first spike, with exact derivatives
    PopulationNetwork      populations of neurons that spike again, recurrent or not
    Population             neurons or read-outs of such a network
    Connection             synapses between two populations
    DelayRange             delays of axons, synapses or dendrites
    SpikeEvents            any number of spikes, of samples and members
    run_events             run such a network exactly, with EventProp gradients
    EventSettings          end, and most spikes, of such a run
    run_on_grid            run it on a time grid, with surrogate gradients
    GridSettings           step, end and surrogate
    calibrate_chip         measure and correct the neurons of a chip by its spikes
    EmulatedChip           an emulated analog chip

Distances and diagnostics
    compare                all divergences of samples from a target
    kl_divergence          D_KL(p || q) in nats
    total_variation        half the sum of |p - q|
    effective_sample_size  number of independent draws of equal worth
    r_hat                  whether chains agree

Files
    load_machine           a machine (TOML, HDF5)
    save_machine           writes a machine
    load_model             a machine or Bayesian network by name, with the names of its units
    load_bayesian_network  a Bayesian network (TOML)
    read_target            a target (TOML, CSV, NumPy, HDF5)
    save_target            writes a target (CSV, NumPy)
    read_evidence          evidence of many cases (CSV)
    load_device            a device, shipped or a file (TOML)
    load_imperfections     imperfections, shipped or a file (TOML)
    load_chip              a chip model, shipped or a file (TOML)
    load_settings          devices, imperfections, chip models, settings (TOML)
    save_settings          writes them
    shipped_names          names of shipped devices, machines, recipes, ...
    shipped_path           the file of one of them
    load_pictures          images: digits, MNIST, folders, arrays
    load_picture_model     a trained machine of pictures
    load_spikes            labelled spike times (NumPy)
    load_network           a spiking network (HDF5)
    save_network           writes a spiking network
    read_nir               a NIR graph
    write_nir              writes a NIR graph
    from_nir               a spiking network from a NIR graph
    to_nir                 a NIR graph from a spiking network
    events_of_trains       NIR event data from spikes of lasers
    trains_of_events       spikes of lasers from NIR event data

Results
    sweep                  a command with many values and seeds, side by side
    read_swept             what a sweep has found so far
    read_results           a results file of a command or an experiment
    untrusted_files        HDF5 files are read by another process first, within limits
    ResultsFile            a results file, written
    experiment             makes a function a command with results file and figures
    experiments            what it needs: experiments.option, experiments.Run
    figures                every figure by name: figures.NAMES, figures.draw(file, name)

Errors
    LaserSamplingError     base class of all errors of the package
    InputError             lists all problems of an input
"""

from __future__ import annotations

import importlib
import importlib.metadata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lasersampling import experiments as experiments
    from lasersampling.boltzmann import BayesianNetwork as BayesianNetwork
    from lasersampling.boltzmann import BoltzmannMachine as BoltzmannMachine
    from lasersampling.boltzmann import RestrictedMachine as RestrictedMachine
    from lasersampling.boltzmann import Target as Target
    from lasersampling.boltzmann import all_states as all_states
    from lasersampling.boltzmann import clamp as clamp
    from lasersampling.boltzmann import exact_distribution as exact_distribution
    from lasersampling.boltzmann import exact_moments as exact_moments
    from lasersampling.boltzmann import load_bayesian_network as load_bayesian_network
    from lasersampling.boltzmann import load_machine as load_machine
    from lasersampling.boltzmann import load_model as load_model
    from lasersampling.boltzmann import read_target as read_target
    from lasersampling.boltzmann import save_machine as save_machine
    from lasersampling.boltzmann import save_target as save_target
    from lasersampling.boltzmann import target_from_machine as target_from_machine
    from lasersampling.boltzmann import target_from_samples as target_from_samples
    from lasersampling.boltzmann import target_from_table as target_from_table
    from lasersampling.config import load_settings as load_settings
    from lasersampling.config import save_settings as save_settings
    from lasersampling.config import shipped_names as shipped_names
    from lasersampling.config import shipped_path as shipped_path
    from lasersampling.datasets import load_pictures as load_pictures
    from lasersampling.datasets.spike_files import load_spikes as load_spikes
    from lasersampling.errors import InputError as InputError
    from lasersampling.errors import LaserSamplingError as LaserSamplingError
    from lasersampling.experiments import experiment as experiment
    from lasersampling.hardware import Imperfections as Imperfections
    from lasersampling.hardware import load_chip as load_chip
    from lasersampling.hardware import load_imperfections as load_imperfections
    from lasersampling.judging.generation import generate as generate
    from lasersampling.lasers.analysis.excitability import excitability as excitability
    from lasersampling.lasers.analysis.stability import bifurcations as bifurcations
    from lasersampling.lasers.depression import Depression as Depression
    from lasersampling.lasers.device import Device as Device
    from lasersampling.lasers.device import load_device as load_device
    from lasersampling.lasers.jumps.process import simulate_jumps as simulate_jumps
    from lasersampling.lasers.network import LaserNetwork as LaserNetwork
    from lasersampling.lasers.nir_events import events_of_trains as events_of_trains
    from lasersampling.lasers.nir_events import trains_of_events as trains_of_events
    from lasersampling.lasers.simulation import SimulationSettings as SimulationSettings
    from lasersampling.lasers.simulation import TraceRequest as TraceRequest
    from lasersampling.lasers.simulation import simulate as simulate
    from lasersampling.lasers.spikes import SpikeTrains as SpikeTrains
    from lasersampling.lasers.synapse import Synapse as Synapse
    from lasersampling.learning.machines.contrastive import initial_machine as initial_machine
    from lasersampling.learning.machines.contrastive import learn as learn
    from lasersampling.learning.machines.settings import (
        DistributionLearning as DistributionLearning,
    )
    from lasersampling.learning.pictures.in_the_loop import fine_tune as fine_tune
    from lasersampling.learning.pictures.models import load_picture_model as load_picture_model
    from lasersampling.learning.pictures.settings import FineTuning as FineTuning
    from lasersampling.learning.pictures.settings import PictureLearning as PictureLearning
    from lasersampling.learning.pictures.training import train_images as train_images
    from lasersampling.learning.spikes.classification import train_spikes as train_spikes
    from lasersampling.learning.spikes.recipes import SpikeTraining as SpikeTraining
    from lasersampling.lif import DelayRange as DelayRange
    from lasersampling.lif import Neuron as Neuron
    from lasersampling.lif import SpikingNetwork as SpikingNetwork
    from lasersampling.lif import first_spike_times as first_spike_times
    from lasersampling.lif import from_nir as from_nir
    from lasersampling.lif import load_network as load_network
    from lasersampling.lif import save_network as save_network
    from lasersampling.lif import to_nir as to_nir
    from lasersampling.lif.chips.calibration import calibrate_chip as calibrate_chip
    from lasersampling.lif.chips.emulated import EmulatedChip as EmulatedChip
    from lasersampling.lif.events.run import run_events as run_events
    from lasersampling.lif.events.settings import EventSettings as EventSettings
    from lasersampling.lif.exchange.nir_file import read_nir as read_nir
    from lasersampling.lif.exchange.nir_file import write_nir as write_nir
    from lasersampling.lif.grid.engine import run_on_grid as run_on_grid
    from lasersampling.lif.grid.settings import GridSettings as GridSettings
    from lasersampling.lif.populations.network import PopulationNetwork as PopulationNetwork
    from lasersampling.lif.populations.population import Connection as Connection
    from lasersampling.lif.populations.population import Population as Population
    from lasersampling.lif.populations.spikes import SpikeEvents as SpikeEvents
    from lasersampling.results import ResultsFile as ResultsFile
    from lasersampling.results import figures as figures
    from lasersampling.results import read_results as read_results
    from lasersampling.sampling.certificate import certificate as certificate
    from lasersampling.sampling.completion import SeenImages as SeenImages
    from lasersampling.sampling.completion import complete as complete
    from lasersampling.sampling.conditions import occluded as occluded
    from lasersampling.sampling.evidence import Evidence as Evidence
    from lasersampling.sampling.evidence import read_evidence as read_evidence
    from lasersampling.sampling.gibbs import Gibbs as Gibbs
    from lasersampling.sampling.inference import infer as infer
    from lasersampling.sampling.neurons.adaptation import adapt as adapt
    from lasersampling.sampling.neurons.sampler import Lasers as Lasers
    from lasersampling.sampling.neurons.sampler import calibrate as calibrate
    from lasersampling.sampling.neurons.tempering import Tempering as Tempering
    from lasersampling.sampling.protocol import Samples as Samples
    from lasersampling.sampling.recognition import recognise as recognise
    from lasersampling.sampling.renewal.hazard_measurement import HazardSettings as HazardSettings
    from lasersampling.sampling.renewal.sampler import Renewal as Renewal
    from lasersampling.sampling.spread import Spread as Spread
    from lasersampling.statistics import compare as compare
    from lasersampling.statistics import effective_sample_size as effective_sample_size
    from lasersampling.statistics import kl_divergence as kl_divergence
    from lasersampling.statistics import r_hat as r_hat
    from lasersampling.statistics import total_variation as total_variation
    from lasersampling.sweeps import read_swept as read_swept
    from lasersampling.sweeps import sweep as sweep
    from lasersampling.trust import untrusted_files as untrusted_files

_NAMES_IN = {
    "": ["experiments"],
    "boltzmann": [
        "BayesianNetwork",
        "BoltzmannMachine",
        "RestrictedMachine",
        "Target",
        "all_states",
        "clamp",
        "exact_distribution",
        "exact_moments",
        "load_bayesian_network",
        "load_machine",
        "load_model",
        "read_target",
        "save_machine",
        "save_target",
        "target_from_machine",
        "target_from_samples",
        "target_from_table",
    ],
    "config": ["load_settings", "save_settings", "shipped_names", "shipped_path"],
    "datasets": ["load_pictures"],
    "datasets.spike_files": ["load_spikes"],
    "errors": ["InputError", "LaserSamplingError"],
    "experiments": ["experiment"],
    "hardware": ["Imperfections", "load_chip", "load_imperfections"],
    "judging.generation": ["generate"],
    "lasers.analysis.excitability": ["excitability"],
    "lasers.analysis.stability": ["bifurcations"],
    "lasers.depression": ["Depression"],
    "lasers.device": ["Device", "load_device"],
    "lasers.jumps.process": ["simulate_jumps"],
    "lasers.network": ["LaserNetwork"],
    "lasers.nir_events": ["events_of_trains", "trains_of_events"],
    "lasers.simulation": ["SimulationSettings", "TraceRequest", "simulate"],
    "lasers.spikes": ["SpikeTrains"],
    "lasers.synapse": ["Synapse"],
    "learning.machines.contrastive": ["initial_machine", "learn"],
    "learning.machines.settings": ["DistributionLearning"],
    "learning.pictures.in_the_loop": ["fine_tune"],
    "learning.pictures.models": ["load_picture_model"],
    "learning.pictures.settings": ["FineTuning", "PictureLearning"],
    "learning.pictures.training": ["train_images"],
    "learning.spikes.classification": ["train_spikes"],
    "learning.spikes.recipes": ["SpikeTraining"],
    "lif": [
        "DelayRange",
        "Neuron",
        "SpikingNetwork",
        "first_spike_times",
        "from_nir",
        "load_network",
        "save_network",
        "to_nir",
    ],
    "lif.chips.calibration": ["calibrate_chip"],
    "lif.chips.emulated": ["EmulatedChip"],
    "lif.events.run": ["run_events"],
    "lif.events.settings": ["EventSettings"],
    "lif.exchange.nir_file": ["read_nir", "write_nir"],
    "lif.grid.engine": ["run_on_grid"],
    "lif.grid.settings": ["GridSettings"],
    "lif.populations.network": ["PopulationNetwork"],
    "lif.populations.population": ["Connection", "Population"],
    "lif.populations.spikes": ["SpikeEvents"],
    "results": ["ResultsFile", "figures", "read_results"],
    "sampling.certificate": ["certificate"],
    "sampling.completion": ["SeenImages", "complete"],
    "sampling.conditions": ["occluded"],
    "sampling.evidence": ["Evidence", "read_evidence"],
    "sampling.gibbs": ["Gibbs"],
    "sampling.inference": ["infer"],
    "sampling.neurons.adaptation": ["adapt"],
    "sampling.neurons.sampler": ["Lasers", "calibrate"],
    "sampling.neurons.tempering": ["Tempering"],
    "sampling.protocol": ["Samples"],
    "sampling.recognition": ["recognise"],
    "sampling.renewal.hazard_measurement": ["HazardSettings"],
    "sampling.renewal.sampler": ["Renewal"],
    "sampling.spread": ["Spread"],
    "statistics": ["compare", "effective_sample_size", "kl_divergence", "r_hat", "total_variation"],
    "sweeps": ["read_swept", "sweep"],
    "trust": ["untrusted_files"],
}
"""The public names, by the module that each comes from; without one it is a package itself."""

_MODULE_OF = {name: module for module, names in _NAMES_IN.items() for name in names}

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
        if _MODULE_OF[name]:
            # As `from module import name` does, which finds modules in packages too.
            module = __import__(f"{__name__}.{_MODULE_OF[name]}", fromlist=[name])
            value = getattr(module, name)
        else:
            value = importlib.import_module(f"{__name__}.{name}")
        globals()[name] = value  # the next access no longer passes here
        return value


def __dir__() -> list[str]:
    return sorted([*_MODULE_OF, *(name for name in globals() if name.startswith("__"))])
