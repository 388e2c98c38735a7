"""What a device must do to be learned with: accept parameters and inputs, return its spikes.

An ideal simulation, an emulated chip, a network of simulated lasers and a device in a laboratory
behind a socket are all substrates. All inputs and outputs are named arrays, so that they can be
sent (`hardware.messages`) and stored (`results`). The names depend on the kind:

``lif`` — a network of LIF neurons. Times are in units of tau_syn, absent spikes are inf; `e` is a
member (one chip for each), `b` a sample. A feed-forward network whose neurons spike at most once:

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

A device whose neurons spike as often as they like, in any connections between populations, says so
by the facts ``spikes = "all"`` and ``connections``, a text such as ``"inputs>0 0>0 0>1"``. Without
these facts it is a device of first spikes in layers. What is then different, connection k and
population k taking the place of layer k:

=========================  ===============  =====================================================
parameter                  shape            what
=========================  ===============  =====================================================
``weights_k``              (e, post, pre)   of connection k [1]
``synaptic_delays_k``      (e, post, pre)   of connection k, optional [tau_syn]
``axonal_delays_k``        (e, pre)         of what source k sends, 0 being the inputs and j + 1
                                            population j, optional [tau_syn]
``dendritic_delays_k``     (e, post)        of the outputs of population k, optional [tau_syn]
``threshold_k``, ...       (e, post)        programmed values of population k, optional: also
                                            ``reset_k`` [1] and ``refractory_k`` [tau_syn]
=========================  ===============  =====================================================

=========================  ===============  =====================================================
input                      shape            what
=========================  ===============  =====================================================
``times``                  (e, b, input)    spikes sent into the chip [tau_syn], or
``events_offsets``, ...    see `ragged`     the same as ragged spikes ``events``
``voltage_interval``       ()               interval at which voltages are sampled, optional
                                            [tau_syn]
=========================  ===============  =====================================================

=========================  ===============  =====================================================
observation                shape            what
=========================  ===============  =====================================================
``spikes_k_offsets``, ...  see `ragged`     ragged spikes ``spikes_k``: what leaves population k,
                                            after its dendritic delays, until the sample period
                                            [tau_syn]
``voltages_k``             (e, b, post,     voltages of the membranes at 0, the interval, twice the
                           point)           interval, ..., if asked for [1]
=========================  ===============  =====================================================

``voltages_k`` can be asked for where the fact ``voltages`` is true. The voltage of a neuron whose
spike is in its refractory period is the reset. The facts ``voltage_interval`` [tau_syn], the
shortest interval, and ``voltage_bits``, in how many bits the chip tells a voltage, may be given.

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

from lasersampling.checks import class_of, refuse
from lasersampling.errors import InputError, Problem
from lasersampling.hardware.ragged import ALL, FIRST, fact_problems, parsed_connections

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
        Inputs and neurons of each layer or population, or the number of lasers.
    n_members : int
        Number of chips that it holds and runs side by side.
    facts : mapping of str to str, float, int or bool
        Further facts, such as ``tau_syn_us``.

    Raises
    ------
    InputError
        For an unknown kind, and facts on spikes, connections and voltages that are none.
    """

    kind: Kind
    name: str
    sizes: tuple[int, ...]
    n_members: int = 1
    facts: Mapping[str, str | float | int | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.kind, str) or self.kind not in get_args(Kind):
            raise InputError.single("kind", repr(self.kind), "'lif' or 'lasers'")
        if self.kind == "lif":
            refuse(fact_problems(self.sizes, self.facts))

    @property
    def tells_all_spikes(self) -> bool:
        """Whether it is of the kind "lif" and tells all spikes, in place of first ones."""
        return self.kind == "lif" and self.facts.get("spikes", FIRST) == ALL

    @property
    def connections(self) -> tuple[tuple[int, int], ...]:
        """Source, -1 for the inputs, and target of each connection between populations."""
        if self.tells_all_spikes:
            return parsed_connections(self.facts["connections"], len(self.sizes) - 1)
        return tuple((k - 1, k) for k in range(len(self.sizes) - 1))


def substrate_problems(
    given: object, kind: Kind | None = None, spikes: Literal["first", "all"] | None = None
) -> list[Problem]:
    """Check that an argument is a device, of one kind, and tells such spikes, if these are named.

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
    if kind is not None and about.kind != kind:
        return [Problem("substrate", f"a device of kind {about.kind!r}", repr(kind))]
    if spikes is not None and about.tells_all_spikes != (spikes == ALL):
        told = {FIRST: "first spikes in layers", ALL: "all spikes of populations"}
        got = f"a device that tells {told[ALL if about.tells_all_spikes else FIRST]}"
        return [Problem("substrate", got, f"one that tells {told[spikes]}")]
    return []


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
