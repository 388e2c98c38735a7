"""Tasks in which only the times of spikes tell classes apart; see docs/timing_tasks.md.

In each of them every input spikes equally often in every sample. Each module has the settings of a
task, the function that draws samples, the data set in parts, and an oracle. No network or training
belongs here.
"""

from lasersampling.datasets.timing.coincidences import (
    Coincidences,
    coincidence_data,
    coincidence_oracle,
    coincidences,
)
from lasersampling.datasets.timing.intervals import (
    Intervals,
    interval_data,
    interval_oracle,
    interval_oracle_accuracy,
    intervals,
)
from lasersampling.datasets.timing.mnist_1d import (
    Signals,
    signal_data,
    signal_oracle,
    signals,
)
from lasersampling.datasets.timing.variants import jittered, reversed_in_time
from lasersampling.datasets.timing.words import Words, word_data, word_oracle, words

__all__ = [
    "Coincidences",
    "Intervals",
    "Signals",
    "Words",
    "coincidence_data",
    "coincidence_oracle",
    "coincidences",
    "interval_data",
    "interval_oracle",
    "interval_oracle_accuracy",
    "intervals",
    "jittered",
    "reversed_in_time",
    "signal_data",
    "signal_oracle",
    "signals",
    "word_data",
    "word_oracle",
    "words",
]
