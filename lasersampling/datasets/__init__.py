"""Data to learn from: digits, MNIST, pictures and spikes of the user's, Yin-Yang.

Reads, checks and scales data. Nothing is downloaded, and no model or training belongs here.
"""

from lasersampling.datasets.digits import label_units, load_digits
from lasersampling.datasets.event_files import load_event_files
from lasersampling.datasets.events import EventSet
from lasersampling.datasets.mnist import load_mnist, mnist_spikes
from lasersampling.datasets.picture_spikes import (
    EncodedPictures,
    Encoding,
    digits_spikes,
    picture_spikes,
)
from lasersampling.datasets.pictures import Pictures
from lasersampling.datasets.sources import load_pictures
from lasersampling.datasets.spike_files import load_events, load_spikes
from lasersampling.datasets.spikes import (
    EventData,
    SpikeData,
    SpikeSet,
    StoredEventData,
    as_spike_times,
    held_out,
)
from lasersampling.datasets.stored_events import EventReading, StoredEvents
from lasersampling.datasets.yin_yang import (
    FEW,
    SIZES,
    fresh_yin_yang,
    yin_yang,
    yin_yang_class,
    yin_yang_spikes,
)

__all__ = [
    "EncodedPictures",
    "Encoding",
    "EventData",
    "EventReading",
    "EventSet",
    "FEW",
    "Pictures",
    "SIZES",
    "SpikeData",
    "SpikeSet",
    "StoredEventData",
    "StoredEvents",
    "as_spike_times",
    "digits_spikes",
    "fresh_yin_yang",
    "held_out",
    "label_units",
    "load_digits",
    "load_event_files",
    "load_events",
    "load_mnist",
    "load_pictures",
    "load_spikes",
    "mnist_spikes",
    "picture_spikes",
    "yin_yang",
    "yin_yang_class",
    "yin_yang_spikes",
]
