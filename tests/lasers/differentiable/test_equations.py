import numpy as np
import pytest
import torch

from lasersampling.errors import InputError, SimulationError
from lasersampling.lasers import simulation
from lasersampling.lasers.device import load_device
from lasersampling.lasers.differentiable.equations import (
    LaserState,
    Record,
    coefficients,
    resting,
    simulate,
)
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.rate_equations import VACUUM_PHOTONS, Coefficients, quiescent_state
from lasersampling.lasers.settings import StepSettings
from lasersampling.lasers.simulation import TraceRequest

DEVICE = load_device("D2")
STEP_NS = 1e-3 * DEVICE.step_ps


def seeded(seed):
    return torch.Generator().manual_seed(seed)


def at(pump, photons=30.0, **changes):
    """A state with some light, not random."""
    rest = quiescent_state(DEVICE, float(pump.detach().mean()))
    x = torch.full_like(pump.detach(), photons**0.5)
    state = LaserState(
        x, torch.zeros_like(x), torch.full_like(x, rest.gain_electrons),
        torch.full_like(x, rest.absorber_electrons), torch.ones_like(x, dtype=torch.bool),
    )  # fmt: skip
    return state._replace(**changes)


def test_without_noise_it_goes_step_by_step_where_the_kernel_goes():
    pump = 1.3
    traces = simulation.simulate(
        LaserNetwork(DEVICE, 1),
        pump,
        3.0,
        settings=simulation.SimulationSettings(
            noise=False, burn_in_ns=0.0, step_ps=1.0, traces=TraceRequest((0,), 0.0, 3.0, 1.0)
        ),
    ).traces
    assert traces is not None
    current = torch.tensor(pump, dtype=torch.float64)
    start = LaserState(
        torch.tensor(float(traces.photons[0, 0])).double().sqrt(),
        torch.zeros_like(current),
        torch.tensor(float(traces.gain_electrons[0, 0])).double(),
        torch.tensor(float(traces.absorber_electrons[0, 0])).double(),
        torch.tensor(True),
    )
    n_steps = traces.time_ns.size - 1
    record = simulate(
        DEVICE,
        current,
        n_steps,
        start=start,
        readings=range(1, n_steps + 1),
        settings=StepSettings(noise=False, step_ps=1.0),
    )
    photons = traces.photons[0, 1:].astype(np.float64)
    assert photons.max() > 3000
    # Over 2,600 steps single precision makes the kernel's field wrong by a thousandth, so its pulse
    # comes a hundredth of a step early: a few thousandths of the peak where it rises.
    assert record.photons.numpy().argmax() == photons.argmax()
    assert record.photons.numpy().max() == pytest.approx(photons.max(), rel=1e-3)
    assert record.photons.numpy() == pytest.approx(photons, abs=5e-3 * photons.max())
    for mine, theirs in (
        (record.gain_electrons, traces.gain_electrons),
        (record.absorber_electrons, traces.absorber_electrons),
    ):
        kernel = theirs[0, 1:].astype(np.float64)
        assert mine.numpy() == pytest.approx(kernel, abs=2e-3 * kernel.max())
    assert int(record.spike_count) == 1


@pytest.mark.parametrize(
    "dtype", [torch.float32, pytest.param(torch.float64, marks=pytest.mark.slow)]
)
def test_spike_rate_agrees_with_the_kernel(dtype):
    """Mean rates of independent lasers at one pump, in units of their standard error.

    Many lasers for a short time: a step costs much the same for a thousand and for three thousand.
    """
    pump, burn_in, duration, n = 0.97, 4.0, 5.0, 3000
    lasers = torch.full((n,), pump, dtype=dtype)
    generator = seeded(3)
    first = simulate(DEVICE, lasers, round(burn_in / STEP_NS), generator=generator)
    record = simulate(
        DEVICE, lasers, round(duration / STEP_NS), start=first.state, generator=generator
    )
    counts = record.spike_count.double().numpy()
    kernel = simulation.simulate(
        LaserNetwork(DEVICE, 1),
        pump,
        duration,
        n_chains=4 * n,
        seed=4,
        settings=simulation.SimulationSettings(burn_in_ns=burn_in),
    ).spikes.counts()[:, 0]
    assert counts.mean() > 0.5
    error = np.hypot(counts.std(ddof=1) / n**0.5, kernel.std(ddof=1) / (4 * n) ** 0.5)
    assert error < 0.015 * kernel.mean()
    assert abs(counts.mean() - kernel.mean()) < 4 * error


def test_below_threshold_light_is_thermal():
    pump = torch.full((20_000,), 0.5, dtype=torch.float64)
    record = simulate(DEVICE, pump, 200, generator=seeded(1), readings=[200])
    photons = record.photons[0].numpy()
    expected, n = quiescent_state(DEVICE, 0.5).photons, photons.size
    # |E|^2 has an exponential law, whose standard deviation is its mean.
    error = (expected + VACUUM_PHOTONS) / n**0.5
    assert photons.mean() == pytest.approx(expected, abs=0.01 * expected + 4 * error)
    # <n (n - 1)> in symmetric order.
    g2 = ((photons**2).mean() - photons.mean() - 0.25) / photons.mean() ** 2
    assert g2 == pytest.approx(2.0, abs=0.01 + 4 * 2 / n**0.5)


def readout(record):
    """One smooth number of a record."""
    return (
        record.photons.sum() / 100
        + record.gain_electrons.sum() / 1e4
        + record.absorber_electrons.sum() / 100
    )


def test_gradient_with_respect_to_the_pump_is_that_of_differences():
    """The same random numbers on both sides make the path a smooth function of the pump."""
    pump = torch.tensor([0.9, 1.0], dtype=torch.float64)
    start = at(pump)
    pump.requires_grad_()

    def value(pump):
        return readout(
            simulate(DEVICE, pump, 60, start=start, generator=seeded(7), readings=[20, 60])
        )

    (gradient,) = torch.autograd.grad(value(pump), pump)
    for k in range(2):
        h = torch.zeros(2, dtype=torch.float64)
        h[k] = 1e-5
        with torch.no_grad():
            difference = (value(pump + h) - value(pump - h)) / (2 * h[k])
        assert float(gradient[k]) == pytest.approx(float(difference), rel=1e-6)


@pytest.mark.parametrize("name", Coefficients._fields)
def test_gradient_with_respect_to_each_constant_is_that_of_differences(name):
    usual = coefficients(DEVICE, dtype=torch.float64)
    pump = torch.tensor([0.95], dtype=torch.float64)

    def value(constant):
        return readout(
            simulate(
                DEVICE, pump, 60, constants=usual._replace(**{name: constant}), start=at(pump),
                generator=seeded(7), readings=[30, 60],
            )
        )  # fmt: skip

    constant = getattr(usual, name).clone().requires_grad_()
    (gradient,) = torch.autograd.grad(value(constant), constant)
    h = 1e-6 * (constant.item() or 1.0)
    with torch.no_grad():
        difference = (value(constant + h) - value(constant - h)) / (2 * h)
    # A turning field changes no photon number without another to interfere with: gradient 0, up
    # to the noise that is added after the turn.
    assert float(gradient) == pytest.approx(float(difference), rel=2e-5, abs=1e-5)


def test_gradient_of_a_dark_laser_is_finite():
    """Rates below zero count as zero; the slope of the root there must not be infinite."""
    pump = torch.zeros(8, dtype=torch.float64, requires_grad=True)
    dark = at(pump, 0.0, gain_electrons=torch.full_like(pump, -1.0).detach(),
              absorber_electrons=torch.full_like(pump, -1.0).detach())  # fmt: skip
    record = simulate(DEVICE, pump, 5, start=dark, generator=seeded(1), readings=[5])
    (gradient,) = torch.autograd.grad(record.gain_electrons.sum(), pump)
    assert torch.isfinite(gradient).all()


def test_shapes_precision_and_readings():
    pump = torch.full((2, 3, 4), 0.9)
    record = simulate(DEVICE, pump, 10, generator=seeded(1), readings=[1, 7, 10])
    assert record.photons.shape == record.gain_electrons.shape == (3, 2, 3, 4)
    assert record.spike_count.shape == (2, 3, 4)
    assert record.photons.dtype == torch.float32
    assert torch.equal(record.photons[-1], record.state.power - VACUUM_PHOTONS)
    nothing = simulate(DEVICE, pump, 3, generator=seeded(1))
    assert isinstance(nothing, Record)
    assert nothing.photons.shape == (0, 2, 3, 4)


def test_same_generator_state_same_path_and_no_global_randomness():
    pump = torch.full((5,), 1.0)
    before = torch.get_rng_state()
    one, two = (simulate(DEVICE, pump, 50, generator=seeded(2), readings=[50]) for _ in range(2))
    other = simulate(DEVICE, pump, 50, generator=seeded(3), readings=[50])
    assert torch.equal(one.photons, two.photons)
    assert not torch.equal(one.photons, other.photons)
    assert torch.equal(before, torch.get_rng_state())


def test_going_on_from_a_state_is_the_same_as_going_through():
    pump = torch.full((5,), 1.0, dtype=torch.float64)
    through = simulate(DEVICE, pump, 40, generator=seeded(2))
    generator = seeded(2)
    half = simulate(DEVICE, pump, 20, generator=generator)
    rest = simulate(DEVICE, pump, 20, start=half.state, generator=generator)
    assert torch.equal(through.state.power, rest.state.power)


def test_resting_lasers_differ_by_their_pump():
    pump = torch.tensor([0.5, 0.9], dtype=torch.float64)
    state = resting(DEVICE, pump, seeded(1))
    expected = [quiescent_state(DEVICE, float(p)).gain_electrons for p in pump]
    assert state.gain_electrons.numpy() == pytest.approx(expected)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"n_steps": 0}, "n_steps: got 0"),
        ({"settings": simulation.SimulationSettings()}, "settings: got SimulationSettings"),
        ({"pump_ratio": torch.tensor([1])}, "pump_ratio: got torch.int64"),
        (
            {"pump_ratio": torch.tensor([-1.0])},
            "finite ratios to the threshold pump",
        ),
        ({"pump_ratio": torch.tensor([float("nan")])}, "pump_ratio: got nan"),
        ({"pump_ratio": torch.tensor([2e4])}, "a pump in electrons/ns is divided by"),
        ({"readings": [3, 2]}, "ascending steps from 1 to 5"),
        ({"readings": [6]}, "ascending steps from 1 to 5"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(arguments, message):
    usual = {"pump_ratio": torch.tensor([1.0]), "n_steps": 5}
    with pytest.raises(InputError, match=message):
        simulate(DEVICE, **{**usual, **arguments})


def test_a_state_that_is_not_finite_is_reported():
    pump = torch.tensor([1.0])
    start = at(pump, gain_electrons=torch.tensor([float("nan")]))
    with pytest.raises(SimulationError, match="no longer finite"):
        simulate(DEVICE, pump, 2, start=start)
