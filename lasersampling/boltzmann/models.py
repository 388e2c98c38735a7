"""A machine, or a Bayesian network mapped to one, under the names of its units."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lasersampling.boltzmann.bayesian_network import BayesianNetwork, network_from_mapping
from lasersampling.boltzmann.files import load_machine, load_names
from lasersampling.boltzmann.learned import Learned, load_learned
from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.boltzmann.unit_names import UnitNames
from lasersampling.config import read_toml, resolve, shipped_names, shipped_path
from lasersampling.paths import expanded, suffix_of


@dataclass(frozen=True, eq=False)
class Model:
    """A model of which posteriors can be asked.

    Attributes
    ----------
    machine : BoltzmannMachine
        The machine that is sampled.
    names : tuple of str
        Names of the units that evidence is about; units without a name are called by their numbers.
    truth : BoltzmannMachine or BayesianNetwork
        The model that gives the exact answers of an ideal device.
    unit_names : UnitNames
        Names in the file of the machine.
    learned : Learned or None
        What the machine was to learn, where its file says so.
    """

    machine: BoltzmannMachine
    names: tuple[str, ...]
    truth: BoltzmannMachine | BayesianNetwork
    unit_names: UnitNames = field(default_factory=UnitNames)
    learned: Learned | None = None

    @property
    def n_listed(self) -> int:
        """Units that have names and are not hidden; they come first."""
        return min(len(self.names), self.machine.n_units - self.machine.n_hidden)


def model_file(name_or_path: str) -> Path:
    """Find the file of a machine or Bayesian network; see `load_model`.

    Raises
    ------
    InputError
        If there is no such file or shipped model.
    """
    is_file = expanded(name_or_path).is_file()
    if not is_file and name_or_path in shipped_names("bayesian_networks"):
        return shipped_path("bayesian_networks", name_or_path)
    return resolve("machines", name_or_path)


def load_model(name_or_path: str, *, max_auxiliary_weight: float = 3.0) -> Model:
    """Read a machine or a Bayesian network, or find a shipped one by its name.

    Parameters
    ----------
    name_or_path : str
        An existing file wins over the shipped networks, and these over the shipped machines.
    max_auxiliary_weight : float
        Largest coupling of the auxiliary units of a network; see `BayesianNetwork.machine`.

    Raises
    ------
    InputError
        If there is no such file or shipped model, or its content is invalid.

    Examples
    --------
    >>> load_model("explaining_away").machine.n_units
    8
    """
    path = model_file(name_or_path)
    values = read_toml(path) if suffix_of(path) == ".toml" else {}
    if "variables" in values:
        network = network_from_mapping(values, str(path))
        machine = network.machine(max_auxiliary_weight=max_auxiliary_weight)
        return Model(machine, network.names, network)
    machine = load_machine(path)
    unit_names = load_names(path)
    unit_names.check(machine, str(path))
    learned = load_learned(path, unit_names)
    if learned is not None:
        learned.check(machine.n_visible, str(path))
    return Model(machine, unit_names.of_all(machine), machine, unit_names, learned)
