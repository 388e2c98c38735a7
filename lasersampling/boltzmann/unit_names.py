"""Names of units: columns of a table for visible units, classes of pictures for label units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lasersampling.boltzmann.machine import BoltzmannMachine
from lasersampling.errors import InputError, Problem

_LABEL_PREFIX, _HIDDEN_PREFIX = "label_", "hidden"


@dataclass(frozen=True)
class UnitNames:
    """Names of the units of a machine, where units have names.

    Attributes
    ----------
    visible : tuple of str
        Names of the visible units; empty if they have none.
    label : tuple of str
        Names of the classes that label units stand for; empty if they have none.

    Raises
    ------
    InputError
        If names are no text, are empty, or occur twice.
    """

    visible: tuple[str, ...] = ()
    label: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        problems = []
        for kind in ("visible", "label"):
            names = getattr(self, kind)
            if not all(isinstance(name, str) and name for name in names):
                problems.append(Problem(f"names of {kind} units", repr(names), "text"))
            elif len(set(names)) < len(names):
                twice = sorted({name for name in names if names.count(name) > 1})
                problems.append(Problem(f"names of {kind} units", f"{twice} twice", "each once"))
        if problems:
            raise InputError(problems)

    def check(self, machine: BoltzmannMachine, where: str) -> None:
        """Check that there are as many names as units.

        Raises
        ------
        InputError
            If not.
        """
        problems = [
            Problem(f"{where}: names of {kind} units", f"{len(names)} names", f"{size} or none")
            for kind, names, size in (
                ("visible", self.visible, machine.n_visible),
                ("label", self.label, machine.n_label),
            )
            if names and len(names) != size
        ]
        if problems:
            raise InputError(problems)

    def datasets(self, *, empty: bool = False) -> dict[str, tuple[str, ...]]:
        """Return the names by their keys in files; with `empty` also the kinds that have none."""
        held = {"visible_name": self.visible, "label_name": self.label}
        return {key: names for key, names in held.items() if names or empty}

    def of_all(self, machine: BoltzmannMachine) -> tuple[str, ...]:
        """Name every unit of a machine, each differently.

        A unit without a name is called by its number; if visible units have names, the hidden ones
        are called hidden0, hidden1, and so on. The name of a label unit is label_ and its class.

        Examples
        --------
        >>> machine = BoltzmannMachine.random(3, seed=0)
        >>> UnitNames(visible=("rain", "sun", "wind")).of_all(machine)
        ('rain', 'sun', 'wind')
        >>> UnitNames().of_all(machine)
        ('0', '1', '2')
        """
        numbers = [str(unit) for unit in range(machine.n_units)]
        named = list(self.visible) or numbers[machine.visible]
        labels = [_LABEL_PREFIX + name for name in self.label] or numbers[machine.label]
        hidden = numbers[machine.hidden]
        if self.visible:
            hidden = [f"{_HIDDEN_PREFIX}{k}" for k in range(machine.n_hidden)]
            if not self.label:
                labels = [f"{_LABEL_PREFIX}{k}" for k in range(machine.n_label)]
        for name in (*labels, *hidden):
            while name in named:
                name += "_"
            named.append(name)
        return tuple(named)


def class_names(machine: BoltzmannMachine, names: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the classes of a machine: `names`, or numbers if there are none."""
    return tuple(names) or tuple(str(k) for k in range(machine.n_label))
