"""Data of the compiled kernel: plain tuples of numbers and arrays.

`Model` has what all bundles of a simulation share, `Part` is one of them or, on several threads, a
part of it. Parts that a simulation
does not need are None. Numba compiles the code for them away in functions that have None as an
argument of its own.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

__all__ = [
    "EVENT",
    "Bright",
    "Constants",
    "Coupling",
    "Depressed",
    "Events",
    "Faults",
    "Lanes",
    "Model",
    "Output",
    "Own",
    "Part",
    "Rises",
    "Team",
]


class Constants(NamedTuple):
    """Device and steps in the form the kernel reads (float32; times in ns)."""

    step: np.float32
    substep: np.float32  # of a dark laser, a whole number of steps
    substep_steps: np.int32
    window_steps: np.int32  # lasers are synchronous after so many steps; 1: all take each step
    dark_photons: np.float32  # a laser is dark with fewer photons
    dark_gain: np.float32  # ... and a net gain below this [1/ns]
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
    synaptic_decay: np.float32  # per step


class Lanes(NamedTuple):
    """State of lasers, one entry per lane."""

    field_x: np.ndarray
    field_y: np.ndarray
    gain: np.ndarray
    absorber: np.ndarray
    pump: np.ndarray
    absorber_pump: np.ndarray
    base: np.ndarray  # the pump of the section that synapses drive, without them
    synaptic: np.ndarray  # what they add
    photons: np.ndarray  # after the last step; not kept in dark windows
    armed: np.ndarray
    crossed: np.ndarray  # photons before the step in which the laser spiked, or -1
    left: np.ndarray  # substeps for which the lane was dark in the last window
    rng0: np.ndarray
    rng1: np.ndarray
    rng2: np.ndarray
    rng3: np.ndarray


class Own(NamedTuple):
    """Gain section of each lane, where lasers differ."""

    gain_slope: np.ndarray
    gain_transparency: np.ndarray


class Bright(NamedTuple):
    """Room for the lanes that take short steps while the others cross a window in the dark."""

    lanes: Lanes
    own: Own | None
    lane: np.ndarray  # their numbers
    found: np.ndarray  # the same, in the order of lanes


class Coupling(NamedTuple):
    """Connections by presynaptic laser, grouped by equal delay, delays ascending."""

    group_start: np.ndarray  # (n_lasers + 1,)
    group_delay: np.ndarray  # (n_groups,) steps
    run_start: np.ndarray  # (n_groups + 1,)
    run_link: np.ndarray  # (n_runs + 1,) first link of each run of neighbouring targets
    run_post: np.ndarray  # (n_runs,) first target
    link_weight: np.ndarray  # (n_links,) electrons/ns
    pulse_steps: int  # length of the rectangle; 0 for the exponential kernel
    kick: np.float32  # electrons added to the section per electron/ns of weight
    drives_absorber: bool
    retrigger: bool


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


EVENT = np.dtype(
    {
        "names": ["next", "lane", "group", "origin", "phase", "is_cancelled", "amount"],
        "formats": ["i4", "i4", "i4", "i8", "i2", "i2", "f4"],
        "offsets": [0, 4, 8, 16, 12, 14, 24],
        "itemsize": 32,
    },
    align=True,
)
"""An event of the timing wheel, in half a line of the cache: the next one of its slot, the lane
that has spiked, the group of its connections, the step from which delays count, start or end of a
pulse, whether it is void, and the change of the drive in weights."""


class Events(NamedTuple):
    """Timing wheel: per slot a linked list of events out of a pool."""

    slot_head: np.ndarray
    pool: np.ndarray  # of EVENT
    free: np.ndarray  # stack of free pool entries
    n_free: np.ndarray  # (1,)
    last_spike: np.ndarray  # (lanes,) step
    last_end: np.ndarray  # (lanes,) pool entry of the pending end of the pulse, or -1


class Rises(NamedTuple):
    """Rises of the photon number through the threshold within a window, in a part."""

    lane: np.ndarray
    step: np.ndarray  # at the end of which it was seen
    before: np.ndarray  # photons before that step
    after: np.ndarray
    n: np.ndarray  # (1,) how many there are


class Output(NamedTuple):
    """Spikes found so far in this call by each part of a team and, if requested, traces."""

    time: np.ndarray  # (part, spike) ticks, float64
    onset: np.ndarray  # step from which delays count
    lane: np.ndarray  # of the bundle
    amplitude: np.ndarray  # of each spike of this part, with short-term depression
    n_spikes: np.ndarray  # (part,)
    seen: np.ndarray  # (part, part) how many of each other part a part knows
    trace_lane: np.ndarray
    trace: np.ndarray  # (n_samples, n_traced, 3): photons, gain, absorber electrons
    trace_every: int  # steps between samples
    trace_start: int  # step of the first sample


class Team(NamedTuple):
    """What the parts of a bundle share that run on threads of their own."""

    arrived: np.ndarray  # (1,) int64, number of times that a part came to the end of a window
    n_spikes: np.ndarray  # (2, part) spikes of each part, in even and in odd windows
    is_full: np.ndarray  # (2, part) whether its buffer has no room for the next window


class Model(NamedTuple):
    """Data that all bundles of a simulation share."""

    constants: Constants
    rotation: np.float32 | None  # angle of the field per net gain times step; None for no turning
    n_lasers: int  # of a chain


class Part(NamedTuple):
    """Chains that are integrated together, or some lasers of one chain, by one thread.

    Lanes of a bundle are numbered by chain in the bundle * n_lasers + laser; a part has those from
    `first_lane` on. Events and depression are those of all lanes of the bundle, couplings those to
    lanes of the part.
    """

    first_lane: int
    n_active: int  # lanes from here on are padding: integrated, but ignored
    number: int  # of the part within its team
    coupling: Coupling
    lanes: Lanes
    own: Own | None
    bright: Bright
    rises: Rises
    faults: Faults | None
    depression: Depressed | None
    output: Output
    events: Events
