"""What every object does that a computation gives: open in xarray with units, and draw itself."""

import importlib.util
import sys
from typing import Any

import matplotlib as mpl
import numpy as np
import pytest
import xarray as xr
from arviz_stats.base import array_stats
from matplotlib.figure import Figure

import lasersampling as ls
from lasersampling.hardware import load_chip
from lasersampling.labelled import Variable, as_dataset
from lasersampling.lasers.settings import JumpSettings
from lasersampling.learning.history import History
from lasersampling.lif.chips.calibration import ChipCalibration
from lasersampling.lif.chips.measurement import MEASURED, LayerMeasurement
from lasersampling.sampling.neurons.calibration import Calibration

MACHINE = ls.BoltzmannMachine.random(4, seed=1)
REFRACTORY_NS = 2.5


def samples(n_units=4, seed=2):
    machine = ls.BoltzmannMachine.random(n_units, seed=1)
    return ls.Gibbs(burn_in=20).sample(machine, 200, n_chains=4, seed=seed)


def spikes():
    offset = np.array([0, 3, 4])
    units = np.array([0, 1, 0, 1], dtype=np.int32)
    return ls.SpikeTrains(np.array([1.0, 2.0, 6.0, 0.5]), units, offset, 2, 10.0)


def simulation(traces=True):
    record = ls.TraceRequest(lasers=(0, 1), start_ns=0.0, stop_ns=5.0, interval_ps=10.0)
    settings = ls.SimulationSettings(burn_in_ns=5.0, traces=record if traces else None)
    return ls.simulate("D2", [0.9, 1.0], 20.0, n_chains=2, seed=1, settings=settings)


def calibration():
    pump = np.linspace(0.8, 1.0, 9)
    activation = 1 / (1 + np.exp(-40 * (pump - 0.9)))
    pair, few = (-1.0, 1.0), (2.0, 3.0)
    return Calibration(
        REFRACTORY_NS, 40.0, 0.5, 0.9, 0.001, 0.005, 1.0, 0.01, 0.0, 0.01, tuple(pump),
        tuple(activation), tuple(0 * pump + 0.003), tuple(pump), pair, pair, (0.01, 0.01), few,
        few, few, few,
    )  # fmt: skip


def posterior(n_cases=1):
    held = [ls.Evidence.single(4, {0: k % 2}, {1: 0.3}) for k in range(n_cases)]
    evidence = ls.Evidence(*(
        np.concatenate([getattr(one, name) for one in held]) for name in ("clamped", "log_odds")
    ))  # fmt: skip
    return ls.infer(ls.Gibbs(), MACHINE, evidence, n_draws=50, n_chains=4, seed=1)


def history(n_members=1):
    recorded = History()
    for epoch in range(1, 6):
        loss = np.full(n_members, 1.0 / epoch) if n_members > 1 else np.array(1.0 / epoch)
        accuracy = loss if epoch % 2 else np.nan * loss
        recorded.add({"loss": loss, "accuracy": accuracy, "accuracy_se": 0.1 * accuracy})
    return recorded


def chip():
    """A calibrated chip of two layers, with numbers out of nowhere."""
    generator = np.random.default_rng(1)

    def measured(post, pre):
        shapes = {"strengths": (2, post, pre), "lost": (2,), "spurious": (2,)}
        drawn: dict[str, Any] = {
            name: 1 + 0.1 * generator.standard_normal(shapes.get(name.split("_")[0], (2, post)))
            for name in MEASURED
        }
        drawn["dead"] = drawn["dead"] > 2
        drawn["dead_synapses"] = drawn["strengths"] > 1.2
        return LayerMeasurement(**drawn)

    before, after = ((measured(3, 20), measured(2, 3)) for _ in range(2))
    settings = {"threshold_0": np.ones((2, 3)), "tau_mem_1": np.ones((2, 2))}
    return ChipCalibration(load_chip("brainscales2"), before, after, settings)


def completions():
    seen = ls.SeenImages(np.eye(4, dtype=np.int8)[:2], np.array([True, True, False, False]))
    machine = ls.BoltzmannMachine.random(6, seed=1)
    machine = ls.BoltzmannMachine(machine.weights, machine.biases, n_hidden=2)
    return ls.complete(ls.Gibbs(), machine, seen, n_completions=3, n_draws=4, seed=1)


def generated():
    return ls.generate("digits", ls.Gibbs(burn_in=2), labels=[1, 3], free_images=1, n_draws=3)


def recognition(n_images=1):
    machine = ls.BoltzmannMachine.random(6, seed=1)
    machine = ls.BoltzmannMachine(machine.weights, machine.biases, n_label=2)
    images = np.eye(4, dtype=np.int8)[np.arange(n_images) % 4]
    return ls.recognise(ls.Gibbs(), machine, images, n_draws=20, seed=1)


def jumps(traces=True):
    record = ls.TraceRequest(lasers=(0,), start_ns=0.0, stop_ns=2.0, interval_ps=100.0)
    settings = JumpSettings(
        burn_in_ns=1.0, traces=record if traces else None, photon_histogram=5 if traces else 0
    )
    return ls.simulate_jumps("D2", [0.9, 1.0], 5.0, seed=1, settings=settings)


def spike_events():
    trains = [[(0.1, 0), (0.7, 2), (0.9, 0)], [(0.4, 1)]]
    return ls.SpikeEvents.from_trains(trains, 3, n_members=2)


OBJECTS = {
    "samples": samples,
    "samples of many units": lambda: samples(14),
    "spikes": spikes,
    "traces": lambda: simulation().traces,
    "simulation": simulation,
    "simulation without traces": lambda: simulation(traces=False),
    "jumps": jumps,
    "jumps without traces": lambda: jumps(traces=False),
    "calibration": calibration,
    "calibrated chip": chip,
    "posterior": posterior,
    "posterior of many cases": lambda: posterior(5),
    "history": history,
    "history of several networks": lambda: history(6),
    "completions": completions,
    "recognition": recognition,
    "recognition of many images": lambda: recognition(7),
    "generated images": generated,
    "spike events": spike_events,
}


def datasets(found):
    if isinstance(found, xr.Dataset):
        return [found]
    return [node.to_dataset() for node in found.subtree if node.data_vars]


@pytest.mark.parametrize("make", OBJECTS.values(), ids=OBJECTS)
def test_it_opens_in_xarray_with_units(make):
    found = datasets(make().to_xarray())
    assert found
    for dataset in found:
        for variable in dataset.variables.values():
            assert {"units", "long_name"} <= set(variable.attrs)


@pytest.mark.parametrize("make", OBJECTS.values(), ids=OBJECTS)
def test_it_is_drawn_on_nothing_but_axes(make):
    drawn = make()
    others: list[Any] = [3, "panel", Figure(), [], np.array([None])]
    for given in others:
        with pytest.raises(ls.InputError, match="axes: got .*, expected the Axes of one panel"):
            drawn.plot(axes=given)


@pytest.mark.parametrize("make", OBJECTS.values(), ids=OBJECTS)
def test_it_draws_itself(make, tmp_path, monkeypatch):
    drawn, before = make(), dict(mpl.rcParams)
    monkeypatch.setitem(sys.modules, "matplotlib.pyplot", None)  # to import it is an error now
    figure = drawn.plot()
    assert isinstance(figure, Figure)
    figure.savefig(tmp_path / "figure.png")
    assert dict(mpl.rcParams) == before
    own = Figure()
    halves: Any = own.subfigures(1, 2)
    inner = halves[1]
    axes = inner.subplots()
    assert drawn.plot(axes=axes) is own
    assert axes.has_data() or axes.texts
    own.savefig(tmp_path / "own.png")


def test_samples_are_the_posterior_of_arviz():
    drawn = samples()
    tree = drawn.to_xarray()
    state = tree["posterior"].state
    assert state.dims == ("chain", "draw", "unit")
    assert tree["posterior"].attrs == {"sampler": "gibbs", "seed": 2}
    np.testing.assert_array_equal(state, drawn.states)
    floats = state.values.astype(float)
    ess = [array_stats.ess(floats[:, :, k], chain_axis=0, draw_axis=1, method="mean")
           for k in range(4)]  # fmt: skip
    np.testing.assert_allclose(ess, ls.effective_sample_size(drawn.states))


@pytest.mark.skipif(
    importlib.util.find_spec("arviz_base") is None, reason="the extra `xarray` of arviz-stats"
)
def test_arviz_reads_samples():
    import arviz_stats

    tree = samples().to_xarray()
    assert arviz_stats.rhat(tree).state.sizes == {"unit": 4}
    assert (arviz_stats.ess(tree).state > 10).all()
    # As docs/programs.md says.
    assert {"mean", "ess_bulk", "r_hat"} <= set(arviz_stats.summary(tree).columns)


def test_spikes_are_sorted_and_know_chain_and_unit():
    found = spikes().to_xarray()
    assert found.time.dims == ("spike",)
    assert found.time.attrs["units"] == "ns"
    assert found.chain.values.tolist() == [0, 0, 0, 1]
    assert found.time[found.unit == 1].values.tolist() == [2.0, 0.5]


def test_results_files_have_the_same_names_and_units(tmp_path):
    drawn, run = samples(), simulation()
    with ls.ResultsFile.create(tmp_path / "run.h5", command="", seed=0, config="") as file:
        file.write_samples(drawn)
        file.write_spikes(run.spikes)
        file.metric("kl_sample_target", 0.1, 0.01, description="D_KL")
    tree = ls.read_results(tmp_path / "run.h5").to_xarray()
    for group, whole in (("samples", drawn.to_xarray()["posterior"]), ("spikes", run.to_xarray())):
        own = whole if group == "samples" else whole["spikes"]
        for name, variable in tree[group].data_vars.items():
            if name in own.variables:
                np.testing.assert_array_equal(variable, own[name])
                assert variable.attrs == own[name].attrs
    assert tree["metrics"].kl_sample_target.attrs["standard_error"] == 0.01


def test_pictures_show_what_the_samples_are():
    drawn = samples()
    linear, logarithmic = drawn.plot(MACHINE).axes
    heights = sorted(bar.get_height() for bar in linear.patches)
    exact = ls.exact_distribution(MACHINE)
    expected = np.sort(np.concatenate([exact, drawn.histogram()]))
    np.testing.assert_allclose(heights, expected)
    assert logarithmic.get_yscale() == "log"
    assert "exact" in linear.get_title("left")
    # Against other samples, and with a unit left out.
    assert len(drawn.plot(samples(seed=3)).axes[0].patches) == 32
    assert len(drawn.plot(MACHINE, [1, -1, -1, -1]).axes[0].patches) == 16


@pytest.mark.parametrize(
    ("call", "what"),
    [
        (lambda: samples().plot(ls.BoltzmannMachine.random(3, seed=1)), "beside"),
        (lambda: samples().plot(MACHINE, [0, 1, 0, 1]), "clamped"),
        (lambda: samples(21).plot(ls.BoltzmannMachine.random(21, seed=1)), "beside"),
        (lambda: history().plot("speed"), "quantities"),
        (lambda: History().plot(), "quantities"),
        (lambda: completions().plot(shape=(3, 3)), "shape"),
        (lambda: recognition().plot(names=["a"]), "names"),
        (lambda: chip().plot("speed"), "name"),
        (lambda: ls.simulate(3, 0.8, 10.0), "network"),  # type: ignore[arg-type]
        (lambda: ls.simulate("D99", 0.8, 10.0), "devices"),
        (lambda: ls.generate("nobody"), "model"),
        (lambda: ls.save_settings("x.toml", 3), "value"),
        (lambda: ls.save_settings("x.h5", ls.Imperfections()), "x.h5"),
        (lambda: ls.save_target("x.h5", ls.target_from_table([0.5, 0.5])), "x.h5"),
        (lambda: ls.save_target("x.csv", [0.5, 0.5]), "target"),  # type: ignore[arg-type]
        (lambda: ls.figures.draw("x.h5", "nothing"), "figure"),
    ],
)
def test_bad_requests_are_one_clear_error(call, what, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ls.InputError, match=what):
        call()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", ["csv", "npz"])
def test_targets_are_saved_to_the_last_bit(suffix, tmp_path):
    target = ls.target_from_machine(MACHINE)
    ls.save_target(tmp_path / f"target.{suffix}", target)
    again = ls.read_target(tmp_path / f"target.{suffix}")
    np.testing.assert_array_equal(again.probabilities, target.probabilities)


def test_settings_are_saved_as_they_are(tmp_path):
    device = ls.load_device("D6")
    ls.save_settings(tmp_path / "laser.toml", device)
    assert ls.load_device(tmp_path / "laser.toml") == device


def test_one_laser_of_a_device_is_the_network_of_it():
    device = ls.load_device("D2")
    settings = ls.SimulationSettings(burn_in_ns=5.0)
    runs = [
        ls.simulate(what, [0.9, 1.0], 20.0, seed=3, settings=settings).spikes.time_ns
        for what in ("D2", device, ls.LaserNetwork(device, 2))
    ]
    for run in runs[1:]:
        np.testing.assert_array_equal(run, runs[0])


def test_a_calibrated_chip_shows_its_numbers():
    found = chip()
    table = found.to_xarray()
    for k, (before, after) in enumerate(zip(found.before, found.after, strict=True)):
        np.testing.assert_array_equal(table[f"gap_{k}"], [before.gap, after.gap])
        np.testing.assert_array_equal(table[f"strengths_{k}"].sel(part="after"), after.strengths)
    for name, values in found.settings.items():
        np.testing.assert_array_equal(table[f"programmed_{name}"], values)
    title = found.plot("gap").axes[0].get_title("left")
    n = found.spread("gap", calibrated=False).number
    before = 100 * found.spread("gap", calibrated=False).std * ((n - 1) / n) ** 0.5
    assert f"spread {before:.1f} →" in title


def test_attributes_that_are_none_are_left_out():
    values = Variable(np.array([1.0, 2.0]), ("time_ns",), "ns", "time")
    assert as_dataset({"time_ns": values}, {"a": None, "b": 1}).attrs == {"b": 1}
