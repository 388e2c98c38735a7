"""Settings of the parts of a training: the layers of a network, and its loss."""

from __future__ import annotations

from typing import Literal

from lasersampling.config import Count, NonNegative, Positive, validated
from lasersampling.hardware import NominalNeuron
from lasersampling.lif import DelayRange
from lasersampling.lif.populations.layered import SpikingAgain

DelayKind = Literal["none", "axonal", "dendritic", "synaptic"]


@validated
class RecurrentSettings:
    """Synapses from each neuron of a hidden layer to all neurons of this layer.

    Attributes
    ----------
    weight_mean, weight_std : float
        Mean and standard deviation of their initial weights [1].
    """

    weight_mean: float = 0.0
    weight_std: NonNegative = 0.1


@validated
class ReadOutSettings:
    """Output neurons without threshold, whose voltages are read out.

    Attributes
    ----------
    tau_mem, tau_syn : float
        Their time constants [tau_syn].
    until : float
        Time until which they are read, when runs end [tau_syn].
    """

    tau_mem: Positive = 1.0
    tau_syn: Positive = 1.0
    until: Positive = 6.0


@validated
class NetworkSettings:
    """Layers of a network.

    Attributes
    ----------
    hidden : tuple of int
        Numbers of neurons of the hidden layers.
    neuron : NominalNeuron or None
        Parameters of all neurons; those of the chip if None, or the default ones.
    delays : "none", "axonal", "dendritic" or "synaptic"
        Axonal delays of inputs and hidden neurons, dendritic delays of hidden and output neurons,
        or one for each synapse.
    delay_range : DelayRange
        Range of the delays.
    weight_mean, weight_std : float
        Mean and standard deviation of initial weights to hidden neurons [1].
    output_weight_mean, output_weight_std : float or None
        The same for weights to output neurons; by default as for hidden neurons [1].
    input_copies : int
        Number of copies of each input, which share an axonal delay.
    bias_times : tuple of float
        Additional inputs that spike at these times [tau_syn].
    after_spike : SpikingAgain or None
        Reset and refractory period of all neurons; None for neurons that spike once.
    recurrent : RecurrentSettings or None
        Synapses within each hidden layer, if there are any.
    read_out : ReadOutSettings or None
        Output neurons without threshold; None for output neurons that spike.
    """

    hidden: tuple[Count, ...] = (30,)
    neuron: NominalNeuron | None = None
    delays: DelayKind = "none"
    delay_range: DelayRange = DelayRange()
    weight_mean: float = 1.0
    weight_std: NonNegative = 1.0
    output_weight_mean: float | None = None
    output_weight_std: NonNegative | None = None
    input_copies: Count = 1
    bias_times: tuple[NonNegative, ...] = ()
    after_spike: SpikingAgain | None = None
    recurrent: RecurrentSettings | None = None
    read_out: ReadOutSettings | None = None

    @property
    def is_stack(self) -> bool:
        """Whether this is a stack of layers of neurons that spike once."""
        return self.after_spike is None and self.recurrent is None and self.read_out is None


@validated
class LossSettings:
    """The loss that training minimises; see `lif.losses`.

    Attributes
    ----------
    kind : "time_difference", "cross_entropy", "count", "maximum" or "integral"
        The first two are losses of first spikes. The others are cross-entropies of numbers of
        spikes, and of the largest voltages or the integrals of the voltages of read-outs.
    separation, temperature : float
        Time difference that is wanted [tau_syn]; lead over which a cross-entropy becomes certain,
        in time [tau_syn], spikes [1], voltage [1] or its integral [tau_syn].
    late_weight : float
        Weight of late spikes in the cross-entropy of first spikes [1].
    absent_time : float
        Spike time that stands for an absent output spike, unless the latest spike of its sample
        comes after it; refused if the untrained network spikes later on the data [tau_syn].
    late_penalty, delay_penalty : float
        Strength of the penalties on output spikes after `latest` and on the mean delay [1].
    latest : float
        Time after which output spikes are penalised [tau_syn].
    decay : float or None
        Time constant of the weight exp(-t / decay) of the integral, which lets earlier spikes count
        more; none if not given [tau_syn].
    rate_penalty : float
        Strength of the penalty on hidden neurons whose mean number of spikes in a batch lies
        outside of `lowest_rate` to `highest_rate` [1].
    lowest_rate, highest_rate : float
        Numbers of spikes of a neuron in a sample [1].
    """

    kind: Literal["time_difference", "cross_entropy", "count", "maximum", "integral"] = (
        "time_difference"
    )
    separation: Positive = 0.2
    temperature: Positive = 0.2
    late_weight: NonNegative = 0.0
    absent_time: Positive = 6.0
    late_penalty: NonNegative = 0.0
    delay_penalty: NonNegative = 0.0
    latest: Positive = 4.0
    decay: Positive | None = None
    rate_penalty: NonNegative = 0.0
    lowest_rate: NonNegative = 0.1
    highest_rate: NonNegative = 10.0

    @property
    def is_of_first_spikes(self) -> bool:
        """Whether it is a loss of first spikes."""
        return self.kind in ("time_difference", "cross_entropy")
