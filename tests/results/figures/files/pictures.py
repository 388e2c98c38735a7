"""Files of figures on pictures that machines draw, complete and recognise."""

import numpy as np

from lasersampling.boltzmann import Layers
from lasersampling.judging import picture_records
from lasersampling.results import records
from lasersampling.sampling.completion import Completions
from tests.results.figures.files.columns import write_array


def write_images(file):
    rng = np.random.default_rng(0)
    labels = np.array([0, 0, 0, 1, -1, -1, -1])
    for name in ("lasers", "gibbs"):
        records.write_images(file, name, rng.random((7, 8, 8)), labels)
    file.metric("label_accuracy_lasers", 0.931, 0.012)
    file.attributes("images", {"headline": "Digits of three lasers"})


def write_recognition(file):
    for name, n_draws, interval_ns in (("lasers", 40, 0.6), ("tuned", 40, 0.6), ("gibbs", 10, 2.5)):
        time_ns = interval_ns * np.arange(1, n_draws + 1)
        share = 0.9 - 0.8 * np.exp(-time_ns / 6)
        for kind, values in (("time_ns", time_ns), ("accuracy", share), ("accuracy_se", 0.02)):
            place = f"recognition/{kind}_{name}"
            values = np.broadcast_to(values, time_ns.shape)
            file.write(place, values, (f"time_ns_{name}",), units="1", description="a curve")
    file.metric("accuracy_exact", 0.92, 0.02)
    file.metric("n_classes", 10)
    file.attributes("recognition", {"headline": "Recognition by 70 nanolasers"})


def write_quality(file):
    time_ns = np.array([2.5, 25.0, 250.0])
    file.write("quality/time_ns", time_ns, ("time_ns",), units="ns", description="time")
    for name in ("label_accuracy", "log_probability", "mean_error", "effective_classes"):
        for who in ("lasers", "gibbs"):
            for suffix in ("", "_se"):
                write_array(file, f"quality/{name}_{who}{suffix}", [0.2, 0.5, 0.9], "time_ns")
        file.metric(f"{name}_held_out", 0.95)
    file.attributes("quality", {"headline": "Three lasers draw"})


def write_neighbours(file):
    rng = np.random.default_rng(0)
    for name in ("image", "nearest"):
        write_array(
            file, f"neighbours/{name}", rng.random((12, 8, 8)).round(), "sample", "row", "column"
        )
    for name in ("label", "nearest_label", "distance"):
        write_array(file, f"neighbours/{name}", np.arange(12) % 3, "sample")
    for kind in ("lasers", "gibbs", "held_out"):
        write_array(file, f"neighbours/distance_{kind}", rng.integers(0, 9, 40), f"sample_{kind}")
    file.attributes("neighbours", {"headline": "Nothing is a copy"})


def write_filters(file):
    write_images(file)
    layers = Layers(64, (20,), 2)
    weights = np.random.default_rng(0).normal(size=(20, 66))
    file.write_machine(layers.machine(weights, np.zeros(66), np.zeros(20)))


def write_completions(file):
    rng = np.random.default_rng(0)
    known = np.arange(64) < 32
    states = rng.integers(0, 2, (3, 4, 10, 64), dtype=np.int8)
    given = rng.integers(0, 2, (3, 64))
    found = Completions(states, states[..., :0], np.tile(known, (3, 1)), 2.5)
    picture_records.write_completions(
        file, (8, 8), found, given, 2.5 * np.arange(1, 11), [0, 3, 9],
        originals=given, window_draws=4,
    )  # fmt: skip
    file.attributes("completions", {"headline": "Halves completed"})


WRITERS = {
    "completions": write_completions,
    "filters": write_filters,
    "image_gallery": write_images,
    "neighbours": write_neighbours,
    "quality_over_time": write_quality,
    "recognition_over_time": write_recognition,
}
