"""Data of the compiled kernel: plain tuples of numbers and arrays.

`Model` has what all bundles of a simulation share, `Bundle` is one of them. Parts that a simulation
does not need are None. Numba compiles the code for them away in functions that have None as an
argument of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "Arrivals",
    "Bundle",
    "Constants",
    "Coupling",
    "Depressed",
    "Events",
    "Faults",
    "Lanes",
    "Model",
    "Output",
    "Own",
]


class Constants(NamedTuple):
    """Device and step in the form the kernel reads (float32; times in ns)."""

    tick: np.float32  # the shortest step; steps are whole numbers of it
    dark_ticks: np.int32  # length of a step that begins with fewer photons than dark_level
    dim_ticks: np.int32  # ... than dim_level
    bright_ticks: np.int32  # ... or with more
    dark_level: np.float32
    dim_level: np.float32
    cavity_loss: np.float32
    gain_slope: np.float32
    gain_transparency: np.float32
    gain_decay: np.float32
    absorber_slope: np.float32
    absorber_transparency: np.float32
    absorber_decay: np.float32
    threshold: np.float32
    rearm: np.float32
    noise: np.float32  # 1, or 0 for the drift alone
    vacuum: np.float32  # |E|^2 less the photon number
    synaptic_decay: np.float32


class Lanes(NamedTuple):
    """State of a bundle, one entry per lane, all of it at the lane's own time."""

    field_x: np.ndarray
    field_y: np.ndarray
    gain: np.ndarray
    absorber: np.ndarray
    pump: np.ndarray
    absorber_pump: np.ndarray
    base: np.ndarray  # the pump of the section that synapses drive, without them
    synaptic: np.ndarray  # what they add
    photons: np.ndarray
    armed: np.ndarray
    crossed: np.ndarray  # photons before the step in which the laser spiked, or -1
    ticks: np.ndarray  # length of the next step
    taken: np.ndarray  # length of the last one
    clock: np.ndarray  # ticks since the clock was last set back
    rng0: np.ndarray
    rng1: np.ndarray
    rng2: np.ndarray
    rng3: np.ndarray


class Arrivals(NamedTuple):
    """Progress of lanes with their own steps, and their states when they reached the end."""

    origin: np.ndarray  # tick at which the clock of a lane was last set back
    tick: np.ndarray  # end of the step in which a lane reached it, or -1
    field_x: np.ndarray
    field_y: np.ndarray
    gain: np.ndarray
    absorber: np.ndarray
    armed: np.ndarray


class Coupling(NamedTuple):
    """Connections by presynaptic laser, grouped by equal delay, delays ascending."""

    group_start: np.ndarray  # (n_lasers + 1,)
    group_delay: np.ndarray  # (n_groups,) steps
    link_start: np.ndarray  # (n_groups + 1,)
    link_post: np.ndarray  # (n_links,)
    link_weight: np.ndarray  # (n_links,) electrons/ns
    pulse_steps: int  # length of the rectangle; 0 for the exponential kernel
    kick: np.float32  # electrons added to the section per electron/ns of weight
    drives_absorber: bool
    retrigger: bool


class Own(NamedTuple):
    """Gain section of each lane, where lasers differ."""

    gain_slope: np.ndarray
    gain_transparency: np.ndarray


class Faults(NamedTuple):
    """Loss and jitter of spikes, for the recording and all targets alike."""

    lost: float  # probability
    jitter_ticks: float  # standard deviation
    longest_jitter: int  # ticks, at which it is truncated
    rng: np.ndarray  # (lanes,) uint64


class Depressed(NamedTuple):
    """Short-term depression of the synapses, the same for those of one lane; see `depression`."""

    utilisation: float
    recovery_ticks: float  # time constant
    resource: np.ndarray  # (lanes,) float64, of the full one
    since: np.ndarray  # (lanes,) tick of this value
    amplitude: np.ndarray  # (lanes,) float64, of the last spike


class Events(NamedTuple):
    """Timing wheel: per slot a linked list of events out of a pool."""

    slot_head: np.ndarray
    next: np.ndarray
    lane: np.ndarray
    phase: np.ndarray
    group: np.ndarray
    origin: np.ndarray  # step at which the delays are counted from
    amount: np.ndarray  # float32, change of the drive in weights
    cancelled: np.ndarray
    free: np.ndarray  # stack of free pool entries
    n_free: np.ndarray  # (1,)
    last_spike: np.ndarray  # (lanes,) step
    last_end: np.ndarray  # (lanes,) pool entry of the pending end of the pulse, or -1


class Output(NamedTuple):
    """Spikes found so far in this call and, if requested, traces."""

    time: np.ndarray
    lane: np.ndarray
    amplitude: np.ndarray  # of each spike, with short-term depression
    n_spikes: np.ndarray  # (1,)
    trace_lane: np.ndarray
    trace: np.ndarray  # (n_samples, n_traced, 3): photons, gain, absorber electrons
    trace_every: int  # steps between samples
    trace_start: int  # step of the first sample


class Model(NamedTuple):
    """Data that all bundles of a simulation share."""

    constants: Constants
    rotation: np.float32 | None  # angle of the field per net gain times step; None for no turning
    coupling: Coupling
    n_lasers: int  # of a chain


class Bundle(NamedTuple):
    """Chains that are integrated together, lane = chain in bundle * n_lasers + laser."""

    n_active: int  # lanes from here on are padding: integrated, but ignored
    lanes: Lanes
    own: Own | None
    faults: Faults | None
    depression: Depressed | None
    output: Output
    events: Events  # used if lanes share their steps
    arrivals: Arrivals  # used if they take steps of their own
