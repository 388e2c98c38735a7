"""Files of figures on machines: what was drawn, learned, inferred and judged."""

import numpy as np

from tests.results.figures.files.columns import write_array, write_columns


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


def write_sweep(file, *, texts=False, lines=2):
    """Pieces of a sweep over draws, or over devices, with several chains and seeds."""
    values = np.array(["D2", "D6"]) if texts else np.array([100, 1000, 10000])
    pieces = [(v, c, s) for s in range(3) for v in range(len(values)) for c in range(lines)]
    value, chains, seed = (np.array(column) for column in zip(*pieces, strict=True))
    loss = 0.1 / (1 + value) ** 2 * (1 + 0.1 * seed) / (1 + chains)
    for name, column in (
        ("over.draws", values[value]),
        ("over.chains", 2 + chains),
        ("seed", seed),
        ("kl_sample_target", loss),
        ("p_value", np.where(seed == 1, np.nan, 0.2 + loss)),
    ):
        file.write(f"pieces/{name}", column, ("piece",), units="1", description=name)
    file.attributes(
        "pieces",
        {"metrics": ["kl_sample_target", "p_value"], "swept_command": "sample",
         "combinations": ["one", "another"]},
    )  # fmt: skip


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


WRITERS = {
    "certificate": write_certificate,
    "distribution": write_distribution,
    "divergence_over_time": write_divergence,
    "fit": write_fit,
    "adaptation": write_adaptation,
    "imperfections": write_imperfections,
    "machines": write_machines,
    "sweep": write_sweep,
    "mixing": write_mixing,
    "network_inference": write_networks,
    "online_learning": write_online,
    "posterior": write_posterior,
    "p_values": write_p_values,
}
