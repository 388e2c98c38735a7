"""What a device must do to be learned with: accept parameters and inputs, return its spikes.

An ideal simulation, an emulated chip, a network of simulated lasers and a device in a laboratory
behind a socket are all substrates. All inputs and outputs are named arrays, so that they can be
sent (`hardware.messages`) and stored (`results`). The names depend on the kind:

``lif`` — a feed-forward network whose neurons spike at most once. Times are in units of tau_syn,
absent spikes are inf; `e` is a member (one chip for each), `b` a sample.

=========================  ===============  =====================================================
parameter                  shape            what
=========================  ===============  =====================================================
``weights_k``              (e, post, pre)   into layer k [1]
``axonal_delays_k``        (e, pre)         of the inputs of layer k, optional [tau_syn]
``synaptic_delays_k``      (e, post, pre)   of the synapses of layer k, optional [tau_syn]
``dendritic_delays_k``     (e, post)        of the outputs of layer k, optional [tau_syn]
``threshold_k``, ...       (e, post)        programmed values of neurons, optional: also ``leak_k``,
                                            ``tau_mem_k``, ``tau_syn_k``
=========================  ===============  =====================================================

=========================  ===============  =====================================================
input                      shape            what
=========================  ===============  =====================================================
``times``                  (e, b, input)    spikes sent into the chip [tau_syn]
=========================  ===============  =====================================================

=========================  ===============  =====================================================
observation                shape            what
=========================  ===============  =====================================================
``spikes_k``               (e, b, post)     what leaves layer k, after its dendritic delays
                                            [tau_syn]
=========================  ===============  =====================================================

``lasers`` — a network of lasers that samples a Boltzmann machine.

=========================  ===============  =====================================================
parameter                  shape            what
=========================  ===============  =====================================================
``weights``                (unit, unit)     of the machine [1]
``biases``                 (unit,)          of the machine [1]
=========================  ===============  =====================================================

Inputs and observations of lasers are listed in `sampling.neurons.substrate`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, get_args

from numpy.typing import NDArray

from lasersampling.checks import class_of
from lasersampling.errors import InputError, Problem

__all__ = ["Arrays", "Description", "Kind", "Substrate"]

Arrays = Mapping[str, NDArray[Any]]
"""Named arrays of numbers or flags."""

Kind = Literal["lif", "lasers"]


@dataclass(frozen=True)
class Description:
    """Description that a substrate gives of itself.

    Attributes
    ----------
    kind : "lif" or "lasers"
        The kind, which determines parameters, inputs and observations.
    name : str
        Name of the device; recorded with the results.
    sizes : tuple of int
        Inputs and neurons of each layer, or the number of lasers.
    n_members : int
        Number of chips that it holds and runs side by side.
    facts : mapping of str to str, float, int or bool
        Further facts, such as ``tau_syn_us``.

    Raises
    ------
    InputError
        For an unknown kind.
    """

    kind: Kind
    name: str
    sizes: tuple[int, ...]
    n_members: int = 1
    facts: Mapping[str, str | float | int | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in get_args(Kind):
            raise InputError.single("kind", repr(self.kind), "'lif' or 'lasers'")


def substrate_problems(given: object, kind: Kind | None = None) -> list[Problem]:
    """Check that an argument is a device, and of one kind if one is named.

    Examples
    --------
    >>> from lasersampling.hardware.substrate import substrate_problems
    >>> [problem.got for problem in substrate_problems(None)]
    ['None']
    """
    is_device = callable(getattr(given, "run", None)) and hasattr(given, "description")
    if isinstance(given, type) or not is_device:
        expected = "a device, an object with `description` and `run` (see `Substrate`)"
        return [Problem("substrate", class_of(given), expected)]
    about = given.description  # type: ignore[attr-defined]
    if kind is None or about.kind == kind:
        return []
    return [Problem("substrate", f"a device of kind {about.kind!r}", repr(kind))]


class Substrate(Protocol):
    """Anything that takes parameters and inputs and returns observed spikes."""

    @property
    def description(self) -> Description:
        """The description of the substrate."""
        ...

    def run(self, parameters: Arrays, inputs: Arrays) -> Arrays:
        """Program the parameters, send the inputs, and return what was observed.

        Raises
        ------
        InputError
            If parameters or inputs are not what the description asks for.
        SubstrateError
            If the device does not answer, or answers with unusable data.
        """
        ...
