"""Files of figures on networks of spike times and on chips."""

import numpy as np

from tests.results.figures.files.columns import write_array


def write_noisy_hardware(file):
    for kind, level in (("none", 0.85), ("axonal", 0.93)):
        ways = ("blind", "noise_aware", "in_the_loop", "moved", "learned_again")
        for place, way in enumerate(ways):
            write_array(file, f"hardware/{kind}_{way}", level + 0.01 * np.arange(4) - place, "chip")
        curve = level + 0.01 * np.arange(12).reshape(3, 4)
        write_array(file, f"hardware/{kind}_curve", curve, "epoch", "chip")


def write_population(file):
    write_array(file, "population/lost_strength", [0.01, 0.05], "strength_lost")
    file.attributes("population", {"lost_label": "lost spikes"})
    for kind, level in (("none", 0.85), ("axonal", 0.93)):
        write_array(file, f"population/nominal_{kind}", level + 0.01 * np.arange(3), "chip")
        for way in ("moved", "learned"):
            many = level + 0.001 * np.arange(8)
            write_array(file, f"population/many_{way}_{kind}", many, "many_chips")
            values = level - 0.01 * np.arange(6).reshape(2, 3)
            write_array(file, f"population/lost_{way}_{kind}", values, "strength_lost", "chip")


def write_spike_learning(file):
    epoch = np.arange(1, 7)
    validation = np.full((6, 3), np.nan)
    validation[[1, 5]] = 0.97, 0.95, 1.0
    write_array(file, "history/epoch", epoch, "epoch")
    write_array(file, "history/loss", np.exp(-epoch[:, None] * [1, 2, 3.0]), "epoch", "member")
    write_array(file, "history/train_accuracy", np.full((6, 3), 0.9), "epoch", "member")
    write_array(file, "history/validation_accuracy", validation, "epoch", "member")


def write_spike_test(file):
    rng = np.random.default_rng(0)
    times = rng.uniform(1, 2, (2, 50, 3))
    times[0, :5, 1] = np.inf
    times[0, 5:8] = np.inf
    write_array(file, "test/output_time", times, "member", "sample", "output")
    write_array(file, "test/label", rng.integers(0, 3, 50), "sample")
    write_array(file, "test/decision", times.argmin(2), "member", "sample")
    write_array(file, "test/input_time", rng.uniform(0.15, 2, (50, 4)), "sample", "input")


def write_plane(file):
    write_spike_test(file)
    edge = np.linspace(0, 1, 11)
    write_array(file, "plane/x", edge, "x")
    write_array(file, "plane/decision", np.arange(121).reshape(11, 11) % 4 - 1, "y", "x")
    write_array(file, "plane/separation", np.outer(edge, edge), "y", "x")


def write_spike_parameters(file):
    rng = np.random.default_rng(0)
    for name, shape in (("weights_0", (2, 5, 4)), ("weights_1", (2, 3, 5)), ("delays_0", (2, 4))):
        dims = [f"{name}_{k}" for k in range(len(shape))]
        write_array(file, f"parameters/{name}", rng.normal(size=shape), *dims)
    file.attributes("parameters", {"n_parameters": 39})


def write_sizes(file):
    hidden = np.array([5, 10, 30])
    write_array(file, "sizes/hidden", hidden, "size")
    for place, kind in enumerate(("none", "axonal", "synaptic")):
        error = 0.1 / (1 + place) * (10 / hidden[:, None]) * np.array([0.9, 1.0, 1.1, 1.05])
        write_array(file, f"sizes/accuracy_{kind}", 1 - error, "size", "seed")
        write_array(file, f"sizes/parameters_{kind}", (1 + place) * 7 * hidden, "size")


def write_sparse(file):
    rewards = np.array([0.0, 0.1, 0.3])
    write_array(file, "sparse/reward", rewards, "reward")
    for name, scale in (("accuracy", 0.9), ("decision_time", 2.0), ("hidden_spikes", 20.0)):
        values = scale * (1 - 0.1 * rewards[:, None]) * np.array([0.98, 1.0, 1.02])
        write_array(file, f"sparse/{name}", values, "reward", "member")


def write_chip_calibration(file):
    generator = np.random.default_rng(0)
    for name in ("gap", "tau_mem", "tau_syn", "strengths"):
        for part, width in (("before", 0.1), ("after", 0.02)):
            true = generator.normal(1.0, width, 30)
            values = np.stack([true + 0.01, np.full(30, 0.01), true])
            place = f"calibration_harsh/{name}_{part}"
            write_array(file, place, values, "column", f"{name}_{part}_value")


def write_comparison(file):
    rng = np.random.default_rng(0)
    arms = ["closed_form", "eventprop", "surrogate"]
    for study, variants in (
        ("main", [""]),
        ("samples", ["100", "1000"]),
        ("delays", ["no", "yes"]),
    ):
        error = 0.1 * rng.random((len(variants), 3, 4))
        write_array(file, f"{study}/accuracy", 1 - error, "variant", "arm", "member")
        file.attributes(study, {"about": study, "arms": arms, "variants": variants})
    for arm in arms:
        curve = 1 - np.geomspace(0.5, 0.02, 6)[:, None] * (1 + 0.1 * rng.random((6, 4)))
        write_array(file, f"curves/{arm}", curve, f"epoch_{arm}", "member")


def write_costs(file):
    hidden, duration = np.array([32, 64, 32, 32]), np.array([4, 4, 8, 16])
    write_array(file, "cost/hidden", hidden, "place")
    write_array(file, "cost/duration", duration, "place")
    for name in ("processor_time_s", "memory_bytes", "spike_bytes", "voltage_bytes"):
        values = np.arange(1, 4)[:, None] * 1.0 * hidden * duration
        write_array(file, f"cost/{name}", values, "method", "place")
    file.attributes("cost", {"methods": ["closed-form", "eventprop", "surrogate"]})


def write_timing(file):
    rng = np.random.default_rng(0)
    for task in ("intervals", "mnist_1d", "words"):
        for kind in ("test", "jittered", "reversed"):
            values = rng.uniform(0.3, 0.9, (2, 3))
            write_array(file, f"{task}/{kind}", values, f"{task}_architecture", "member")
        write_array(file, f"{task}/n_parameters", [280, 276], f"{task}_architecture")
        beside = {"chance": 0.33, "counts": 0.33, "times": 0.4, "oracle": 0.95}
        about = ["feed-forward", "feed-forward, axonal delays"]
        file.attributes(task, {"architectures": ["none", "axonal"], "about": about, **beside})


WRITERS = {
    "accuracy_parameters": write_sizes,
    "comparison": write_comparison,
    "gradient_costs": write_costs,
    "chip_population": write_population,
    "chip_calibration": write_chip_calibration,
    "noisy_hardware": write_noisy_hardware,
    "sparse_codes": write_sparse,
    "spike_learning": write_spike_learning,
    "spike_parameters": write_spike_parameters,
    "spike_times": write_spike_test,
    "timing_tasks": write_timing,
    "yin_yang_plane": write_plane,
}
