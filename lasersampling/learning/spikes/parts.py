"""Settings of the parts of a training: files of data, the layers of a network, and its loss."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from lasersampling.config import Count, Positive, validated
from lasersampling.config.ranges import Level, Scale, Strength, Time, TimeFromZero
from lasersampling.datasets.stored_events import EventReading
from lasersampling.hardware import NominalNeuron
from lasersampling.lif import DelayRange
from lasersampling.lif.populations.layered import SpikingAgain


@validated
class EventFileSettings:
    """How files of the Spiking Heidelberg Digits and Speech Commands are read.

    Attributes
    ----------
    time_unit_s : float
        Duration of one tau_syn [s].
    bin_s : float or None
        All spikes of an input within a bin of this width become one, in the middle of the bin [s].
    latest_s : float or None
        Spikes at this time or later are left out [s].
    n_channels : int
        Number of channels of the files.
    pooled : int
        Number of neighbouring channels that become one input.
    validation_speakers : int
        Number of speakers of the training part who validate, if there is no file of a validation
        part.
    speaker_seed : int
        Seed of the choice of these speakers.
    """

    time_unit_s: Positive
    bin_s: Positive | None = None
    latest_s: Positive | None = None
    n_channels: Count = 700
    pooled: Count = 1
    validation_speakers: Count = 1
    speaker_seed: Annotated[int, Field(ge=0, lt=2**62)] = 0

    @property
    def reading(self) -> EventReading:
        """How seconds and channels become spike times and inputs."""
        return EventReading(
            self.time_unit_s, self.bin_s, self.latest_s, self.n_channels, self.pooled
        )


DelayKind = Literal["none", "axonal", "dendritic", "synaptic"]
Method = Literal["closed-form", "eventprop", "surrogate"]


@validated
class RecurrentSettings:
    """Synapses from each neuron of a hidden layer to all neurons of this layer.

    Attributes
    ----------
    weight_mean, weight_std : float
        Mean and standard deviation of their initial weights [1].
    """

    weight_mean: Level = 0.0
    weight_std: Strength = 0.1


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

    tau_mem: Scale = 1.0
    tau_syn: Scale = 1.0
    until: Time = 6.0


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
    weight_mean: Level = 1.0
    weight_std: Strength = 1.0
    output_weight_mean: Level | None = None
    output_weight_std: Strength | None = None
    input_copies: Count = 1
    bias_times: tuple[TimeFromZero, ...] = ()
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
    separation: Scale = 0.2
    temperature: Scale = 0.2
    late_weight: Strength = 0.0
    absent_time: Time = 6.0
    late_penalty: Strength = 0.0
    delay_penalty: Strength = 0.0
    latest: Time = 4.0
    decay: Scale | None = None
    rate_penalty: Strength = 0.0
    lowest_rate: Strength = 0.1
    highest_rate: Strength = 10.0

    @property
    def is_of_first_spikes(self) -> bool:
        """Whether it is a loss of first spikes."""
        return self.kind in ("time_difference", "cross_entropy")
