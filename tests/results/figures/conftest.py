"""One small results file for each figure."""

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, Layers
from lasersampling.judging import picture_records
from lasersampling.lasers.simulation import Traces
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.results import ResultsFile, records
from lasersampling.sampling.completion import Completions

REFRACTORY_NS = 3.5


def write_spikes(file):
    file.write_spikes(
        SpikeTrains(
            time_ns=np.array([1.0, 2.0, 6.0, 200.0, 0.5]),
            unit=np.array([0, 2, 0, 1, 1], dtype=np.int32),
            chain_offset=np.array([0, 4, 5]),
            n_units=3,
            duration_ns=300.0,
        )
    )
    file.attributes("device", {"refractory_time_ns": REFRACTORY_NS})


def write_traces(file):
    time_ns = np.arange(0, 10, 0.01)
    pulses = 4000 * np.exp(-(((time_ns - 1) / 0.02) ** 2)) + 5
    records.write_traces(
        file,
        Traces(
            time_ns=time_ns,
            laser=np.array([0, 4], dtype=np.int32),
            photons=np.stack([pulses, np.zeros_like(pulses)]).astype(np.float32),
            gain_electrons=np.full((2, 1000), 40_000, dtype=np.float32),
            absorber_electrons=np.full((2, 1000), 300, dtype=np.float32),
        ),
        spike_threshold_photons=600.0,
    )
    write_spikes(file)


def write_raster(file):
    write_spikes(file)
    machine = BoltzmannMachine.random(3, seed=0)
    file.write_machine(BoltzmannMachine(machine.weights, machine.biases, n_label=1, n_hidden=1))


def write_calibration(file):
    pump = np.linspace(0.85, 1.1, 11)
    activation = 1 / (1 + np.exp(-34 * (pump - 0.965))) + 0.001
    for name, values in (
        ("pump", pump),
        ("activation", activation),
        ("activation_se", np.full(11, 0.002)),
    ):
        file.write(f"calibration/{name}", values, ("pump",), units="1", description=name)
    file.attributes("calibration", {"refractory_time_ns": REFRACTORY_NS})
    file.metric("alpha", 34.0, 0.3)
    file.metric("r0", 0.965, 0.0004)
    file.metric("fit_rms", 0.001)


def write_distribution(file, n_units=3):
    target = np.arange(1.0, 2**n_units + 1)
    target /= target.sum()
    sampled = np.roll(target, 1)
    for name, values in (
        ("target", target),
        ("sampled", sampled),
        ("sampled_se", np.full(2**n_units, 0.01)),
    ):
        file.write(f"distribution/{name}", values, ("state",), units="1", description=name)
    file.metric("kl_sample_target", 0.0123, 0.001)
    file.metric("kl_floor", 0.0045)


def write_divergence(file):
    time_ns = np.array([10.0, 100.0, 1000.0])
    for name, values in (
        ("time_ns", time_ns),
        ("kl_sample_target", np.array([0.0, 0.1, 0.02])),
        ("ideal", 1 / time_ns),
    ):
        file.write(f"divergence/{name}", values, ("time_ns",), units="1", description=name)
    for name, values in (
        ("chain_time_ns", time_ns / 4),
        ("kl_chain", 3 / time_ns),
        ("kl_chain_sd", 2 / time_ns),
        ("ideal_chain", 4 / time_ns),
    ):
        file.write(f"divergence/{name}", values, ("chain_time_ns",), units="1", description=name)
    file.attributes("device", {"refractory_time_ns": 2.5})


def write_images(file):
    rng = np.random.default_rng(0)
    labels = np.array([0, 0, 0, 1, -1, -1, -1])
    for name in ("lasers", "gibbs"):
        records.write_images(file, name, rng.random((7, 8, 8)), labels)
    file.metric("label_accuracy_lasers", 0.931, 0.012)
    file.attributes("images", {"headline": "Digits of three lasers"})


def write_machines(file):
    seeds = np.arange(6)
    file.write("machines/seed", seeds, ("seed",), units="1", description="seed")
    for kind in ("weak", "strong"):
        for name, scale in (
            ("kl_sample_target_translated", 4e-3),
            ("kl_sample_target_adapted", 1e-3),
            ("kl_sample_target_learned", 8e-4),
            ("kl_sample_target_gibbs", 6e-4),
            ("kl_floor_learned", 5e-4),
        ):
            values = scale * (1 + np.cos(seeds) / 2)
            place = f"machines/{name}_{kind}"
            file.write(place, values, ("seed",), units="1", description=name)


def write_adaptation(file):
    argument, field = np.linspace(-8, 8, 33), np.arange(-7.5, 8.0)
    write_array(file, "adaptation/argument", argument, "argument")
    write_array(file, "adaptation/curve", argument + 0.02 * argument**3, "argument")
    write_array(file, "adaptation/field", field, "field")
    for k, who in enumerate(("gibbs", "ideal_translated", "ideal_by_curve", "ideal_adapted")):
        excess = np.where(np.abs(field) > 7, np.nan, 0.004 * k * field**3)
        write_array(file, f"adaptation/{who}_excess", excess, "field")
        write_array(file, f"adaptation/{who}_excess_se", 0.1 + 0 * field, "field")
    file.metric("misfit_gibbs", 0.02)
    for who, level in (("ideal", 0.4), ("chip", 3.0)):
        write_array(file, f"adaptation/{who}_misfit", level * 0.5 ** np.arange(5), "stage")


def write_imperfections(file):
    for name, level in (("kl_ideal", 1e-3), ("kl_ideal_translated", 3e-3)):
        write_array(file, f"imperfect/{name}", [level, 2 * level], "machine")
    for kind, strength in (("laboratory", [1.0]), ("pump", [0.01, 0.02]), ("bits", [4, 3])):
        write_array(file, f"imperfect/{kind}_strength", strength, f"strength_{kind}")
        for way, scale in (("translation", 0.3), ("moved", 0.2), ("adapted", 4e-3),
                           ("learned", 2e-3)):  # fmt: skip
            values = scale * np.array([[1.0, 2.0], [3.0, 5.0]])[: len(strength)]
            dims = (f"strength_{kind}", "machine")
            file.write(f"imperfect/{kind}_kl_{way}", values, dims, units="1", description="D_KL")
        file.attributes("imperfect", {f"{kind}_label": f"{kind} of a laser"})


def write_mixing(file):
    write_array(file, "mixing/way", ["plain", "tempered", "gibbs"], "way")
    strips = np.arange(30).reshape(3, 10) % 2
    write_array(file, "mixing/groups_strips", strips, "way", "point")
    for name, values in (("cost_ns", [300.0, 40.0, np.nan]), ("tv", [0.2, 0.1, 0.03])):
        write_array(file, f"mixing/groups_{name}", values, "way")
        write_array(file, f"mixing/groups_{name}_se", 0.1 * np.array(values), "way")
    file.attributes(
        "mixing", {"cases": "groups", "groups_title": "two groups", "duration_ns": 4000.0}
    )


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


def write_columns(file, group, dim, **columns):
    for name, values in columns.items():
        file.write(f"{group}/{name}", values, (dim,), units="1", description=name)


def write_laser_dynamics(file):
    write_spikes(file)
    write_calibration(file)
    file.attributes("device", {"name": "D2", "detection.threshold_photons": 600.0})
    time = np.linspace(-1.2, 6.5, 400)
    write_columns(file, "spike", "time_ns", time_ns=time, photons=np.exp(-time**2 / 1e-3),
                  gain_electrons=time + 40_000, absorber_electrons=time + 300)  # fmt: skip
    file.attributes("spike", {"pump": 0.92})
    light = np.geomspace(0.1, 5000, 50)
    write_columns(file, "portrait", "photons", photons=light, photon_nullcline=40_000 - light,
                  gain_nullcline=30_000 - light)  # fmt: skip
    for number, peak in enumerate((10.0, 5000.0)):
        write_columns(
            file, f"portrait/kick_{number}", "time_ns", photons=np.linspace(1, peak, 9),
            gain_electrons=np.linspace(4e4, 1e4, 9),
        )  # fmt: skip
    file.attributes("portrait", {"rest_photons": 5.0, "rest_gain_electrons": 38_000.0})
    write_columns(file, "refractory", "delay_ns", delay_ns=np.linspace(0.3, 10, 8),
                  threshold_electrons=np.geomspace(3e4, 2e3, 8))  # fmt: skip
    for name, value in (("threshold_kick_electrons", 2e3), ("strong_kick_electrons", 4e3),
                        ("absolute_refractory_ns", 3.4),
                        ("relative_refractory_ns", 5.1)):  # fmt: skip
        file.metric(name, value)
    write_columns(file, "trains", "pump", pump=[0.9, 0.96, 1.02])
    write_columns(file, "intervals", "bin", density_per_ns=[0.1, 0.2], se_per_ns=[0.01, 0.01])
    write_columns(file, "intervals", "edge", edge_ns=[0.0, 5.0, 10.0])
    write_columns(file, "first_passage", "time_ns", time_ns=[0.0, 5.0, 10.0],
                  density_per_ns=[0.0, 0.2, 0.1],
                  long_time_density_per_ns=[0.0, 0.2, 0.1])  # fmt: skip
    write_columns(file, "stability", "state", pump=[0.5, 2.0], photons=[1.0, 100.0],
                  n_unstable=[0.0, 2.0])  # fmt: skip
    write_columns(file, "regimes", "pump", pump=[0.5, 2.0], regime=["excitable", "self-pulsing"])
    file.attributes("bifurcations/0", {"pump": 1.05, "kind": "Hopf", "frequency_per_ns": 0.6})


def write_exact_reference(file):
    for group, coordinate, columns in (
        ("comparison", "pump", ("rate", "rate_se", "active", "active_se")),
        ("intervals", "time_ns", ("density", "density_se")),
        ("pulses", "time_ps", ("shape", "shape_se")),
        ("pulses", "height", ("share",)),
        ("photons", "number", ("probability", "probability_se")),
    ):
        x = np.linspace(1.0, 2.0, 6)
        file.write(f"{group}/{coordinate}", x, (coordinate,), units="1", description="x")
        for column in columns:
            for method, value in (("jumps", 0.5), ("equations", 0.505)):
                values = np.full(6, 0.01 if column.endswith("_se") else value)
                file.write(
                    f"{group}/{column}_{method}", values, (coordinate,), units="1", description=""
                )
    file.attributes("comparison", {"equations_hold": True})
    file.attributes("device", {"name": "D7"})
    for method in ("jumps", "equations"):
        file.metric(f"g2_{method}", 2.0, 0.01)
    file.metric("mean_difference_rate", -0.011, 0.006)


def write_integrator_convergence(file):
    method = ["common", "common", "own", "euler", "euler", "euler_unshifted"]
    for name, words in (("device", ["D2"] * 6), ("method", method)):
        file.write(f"convergence/{name}", words, ("run",), units="1", description=name)
    for name, values in (
        ("level", [0.5] * 6),
        ("step_ps", [2.0, 8.0, 4.0, 0.5, 1.0, 1.0]),
        ("bias", [0.0001, 0.03, -0.01, 0.02, 0.03, -0.1]),
        ("bias_se", [0.002] * 6),
        ("speed", [400.0, 1600.0, 1200.0, 5.0, 10.0, 10.0]),
    ):
        file.write(f"convergence/{name}", np.array(values), ("run",), units="1", description=name)


def write_design(file):
    names = np.array(["D1", "D2", "drawn-0", "drawn-1"])
    write_columns(file, "devices", "device", name=names, change=[0.9, 0.0, 0.01, 0.3],
                  rms=[0.012, 0.011, 0.01, 0.02], tau_ns=[4.0, 5.0, 2.5, 3.0],
                  energy_fj=[10.0, 30.0, 28.0, 5.0])  # fmt: skip
    write_columns(file, "finalists", "finalist", name=names[[2, 1]], kl=[1e-3, 2e-3],
                  tau_ns=[2.5, 5.0])  # fmt: skip
    write_columns(file, "synapses", "synapse", shape=np.array(["rectangular", "kick 0.5"]))
    kl = np.linspace(1e-3, 1e-1, 8).reshape(2, 2, 2)
    file.write("synapses/kl", kl, ("best", "synapse", "machine"), units="1", description="kl")


def write_array(file, name, values, *dims):
    file.write(name, values, dims, units="1", description=name)


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


def write_posterior(file, group="posterior", n_cases=2):
    shape = (n_cases, 4)
    exact = np.linspace(0.1, 0.9, n_cases * 4).reshape(shape)
    clamped = np.full(shape, -1)
    clamped[:, 2] = 1
    log_odds = np.zeros(shape)
    log_odds[0, 3] = 1.4
    write_array(file, f"{group}/name", ["rain", "hose", "wet", "slippery"], "unit")
    for name, values in (
        ("clamped", clamped),
        ("log_odds", log_odds),
        ("exact", exact),
        ("mean_lasers", exact + 0.02),
        ("se_lasers", exact / 20),
        ("mean_gibbs", exact - 0.01),
        ("se_gibbs", exact / 30),
    ):
        write_array(file, f"{group}/{name}", values, "case", "unit")
    prefix = "" if group == "posterior" else f"{group}_"
    for name, value in (("lasers", 0.02), ("gibbs", 0.01)):
        file.metric(f"{prefix}mean_abs_error_{name}", value, 0.001)


def write_fit(file):
    write_distribution(file)
    table = np.full(8, 0.125)
    for who in ("before", "gibbs"):
        write_columns(
            file, "distribution", "state",
            **{f"sampled_{who}": table, f"sampled_se_{who}": 0.02 * table},
        )  # fmt: skip
        file.metric(f"kl_sample_target_{who}", 0.05)
    epochs = np.arange(1, 11)
    write_columns(
        file, "history", "epoch",
        epoch=epochs, kl_sample_target=0.1 / epochs, kl_sample_target_se=0.01 / epochs,
    )  # fmt: skip


def write_networks(file):
    for group in ("explaining_away", "visual_perception"):
        write_posterior(file, group, n_cases=3)


def write_online(file):
    write_array(file, "online/label", ["machine 0", "machine 1"], "case")
    write_array(file, "online/kl_start", [0.2, 0.1], "case")
    write_array(file, "online/kl_translated", [1e-3, np.nan], "case")
    time_us = np.array([[0.5, 1.0, 4.0]] * 2)
    for way in ("local", "batch"):
        for name, values in (
            (f"time_{way}_us", time_us), (f"kl_{way}", 2e-3 / time_us),
            (f"kl_se_{way}", 2e-4 / time_us), (f"floor_{way}", 0 * time_us + 3e-4),
        ):  # fmt: skip
            write_array(file, f"online/{name}", values, "case", "budget")
    file.attributes("online", {"chips": 64})


def write_p_values(file):
    even = np.linspace(0.001, 0.999, 50)
    for weights in ("weak", "strong"):
        write_array(file, f"null/{weights}_corrected", even, "run")
        write_array(file, f"null/{weights}_independent", even**2, "run")
    write_columns(file, "power", "shift", kl=[1e-3, 1e-2], rate=[0.2, 0.9], rate_se=[0.02, 0.01])


def write_certificate(file):
    rules = ("certificate", "large", "r_hat")
    columns = {rule: [0.0, 1.0, float(rule != "r_hat"), 3.0] for rule in rules}
    write_columns(file, "faults", "judged", truth=[0.005, 0.02, 0.1, 0.3], **columns)
    times = np.array([[0.0, 1.0, 30.0], [2.0, 3.0, 9.0]])
    for name, values in (("times", times), ("of", np.full((2, 3), 60.0)), ("open", 0.0 * times),
                         ("low", times / 90.0), ("high", times / 60.0 + 0.05)):  # fmt: skip
        write_array(file, f"rates/{name}", values, "question", "rule")
    questions = ["agreement_faults", "complaint_exact"]
    file.attributes("rates", {"questions": questions, "rules": list(rules)})


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


def write_renewal(file):
    time_ns = np.linspace(0.05, 11.95, 120)
    write_columns(file, "single", "shown", shown=[-1.0, 0.0, 2.0])
    write_columns(file, "single", "cell", interval_ns=time_ns)
    write_columns(file, "response", "lag", lag_ns=time_ns[:60])
    for name in ("lasers", "renewal"):
        density = np.exp(-np.outer([0.3, 0.5, 1.0], np.maximum(time_ns - 2.5, 0.0)))
        density[:, :20] = 0.0
        write_array(file, f"single/interval_{name}", density, "shown", "cell")
        write_array(file, f"response/rate_{name}", 0.2 + 0.1 * density[0, :60], "lag")
        write_array(file, f"response/rate_{name}_se", np.full(60, 0.01), "lag")
    for k, name in enumerate(("lasers", "renewal", "between", "halves")):
        write_array(file, f"machines/kl_{name}", 1e-3 * (1.0 + k + np.arange(4)), "machine")


WRITERS = {
    "accuracy_parameters": write_sizes,
    "activation_curve": write_calibration,
    "certificate": write_certificate,
    "chip_population": write_population,
    "chip_calibration": write_chip_calibration,
    "completions": write_completions,
    "design": write_design,
    "distribution": write_distribution,
    "divergence_over_time": write_divergence,
    "exact_reference": write_exact_reference,
    "filters": write_filters,
    "fit": write_fit,
    "image_gallery": write_images,
    "adaptation": write_adaptation,
    "imperfections": write_imperfections,
    "integrator_convergence": write_integrator_convergence,
    "machines": write_machines,
    "laser_dynamics": write_laser_dynamics,
    "neighbours": write_neighbours,
    "mixing": write_mixing,
    "network_inference": write_networks,
    "noisy_hardware": write_noisy_hardware,
    "online_learning": write_online,
    "posterior": write_posterior,
    "quality_over_time": write_quality,
    "raster": write_raster,
    "recognition_over_time": write_recognition,
    "renewal": write_renewal,
    "sparse_codes": write_sparse,
    "spike_learning": write_spike_learning,
    "spike_parameters": write_spike_parameters,
    "spike_times": write_spike_test,
    "spike_traces": write_traces,
    "p_values": write_p_values,
    "yin_yang_plane": write_plane,
}


@pytest.fixture
def make(tmp_path):
    """Return a function that writes the file of a figure, or what another writer says."""

    def write(name, writer=None):
        path = tmp_path / f"{name}.h5"
        with ResultsFile.create(path, command="", seed=0, config="") as file:
            (writer or WRITERS[name])(file)
        return path

    return write
