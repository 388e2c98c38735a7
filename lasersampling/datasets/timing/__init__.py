"""Tasks in which only the times of spikes tell classes apart; see docs/timing_tasks.md.

In each of them every input spikes equally often in every sample. Each module has the settings of a
task, the function that draws samples, and an oracle; `in_parts` draws the parts of a data set. No
network or training belongs here.
"""

from lasersampling.datasets.timing.coincidences import (
    Coincidences,
    coincidence_oracle,
    coincidences,
)
from lasersampling.datasets.timing.intervals import (
    Intervals,
    interval_oracle,
    interval_oracle_accuracy,
    intervals,
)
from lasersampling.datasets.timing.mnist_1d import (
    SIGNAL_SIZES,
    Signals,
    signal_oracle,
    signals,
)
from lasersampling.datasets.timing.parts import in_parts
from lasersampling.datasets.timing.variants import jittered, reversed_in_time
from lasersampling.datasets.timing.words import WORD_SIZES, Words, word_oracle, words

__all__ = [
    "Coincidences",
    "Intervals",
    "SIGNAL_SIZES",
    "Signals",
    "WORD_SIZES",
    "Words",
    "coincidence_oracle",
    "coincidences",
    "interval_oracle",
    "interval_oracle_accuracy",
    "in_parts",
    "intervals",
    "jittered",
    "reversed_in_time",
    "signal_oracle",
    "signals",
    "word_oracle",
    "words",
]
