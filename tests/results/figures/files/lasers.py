"""Files of figures on single lasers, their spikes and how they are simulated."""

import numpy as np

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.lasers.simulation import Traces
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.results import records
from tests.results.figures.files.columns import REFRACTORY_NS, write_array, write_columns


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


def write_laser_dynamics(file):
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
    write_columns(file, "trains", "spike", time_ns=[3.0, 8.0, 9.0], laser=[0.0, 1.0, 2.0])
    file.attributes("trains", {"duration_ns": 10.0})
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


def write_large(file):
    n_lasers = np.array([1000, 10_000, 100_000])
    write_array(file, "large/lasers", n_lasers, "size")
    for name, value in (("processor_time_s", 5e-7), ("memory_bytes", 2000.0)):
        values = value * np.array([[1.0, 1.0, 1.2], [1.1, 1.1, 1.3]])
        write_array(file, f"large/{name}", values, "kind", "size")
    file.attributes("large", {"kinds": ["lattice", "random"], "neighbours": 10})


def write_step_bias(file):
    write_array(file, "bias/level", [0.05, 0.5], "level")
    write_array(file, "bias/step_ps", [4.0, 2.0], "device")
    values = 0.01 * np.array([[[0.2, 0.1], [-0.5, 0.0]], [[0.9, 0.3], [-1.2, 0.1]]])
    write_array(file, "bias/bias", values, "mode", "device", "level")
    write_array(file, "bias/bias_se", np.full((2, 2, 2), 0.002), "mode", "device", "level")
    file.attributes("bias", {"devices": ["D2", "D5"], "modes": ["windows", "common"]})


WRITERS = {
    "activation_curve": write_calibration,
    "design": write_design,
    "exact_reference": write_exact_reference,
    "integrator_convergence": write_integrator_convergence,
    "large_networks": write_large,
    "laser_dynamics": write_laser_dynamics,
    "raster": write_raster,
    "renewal": write_renewal,
    "spike_traces": write_traces,
    "step_bias": write_step_bias,
}
