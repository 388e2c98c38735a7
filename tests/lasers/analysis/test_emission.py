import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.analysis.emission import Emission, _means, measure_emission
from lasersampling.lasers.device import load_device
from lasersampling.lasers.integrator.request import Traces
from lasersampling.lasers.simulation import SimulationSettings, TraceRequest

DEVICE = load_device("D2")


@pytest.fixture(scope="module")
def spiking():
    """At 1 ps, where the sums over steps are integrals to within the errors."""
    return measure_emission(
        DEVICE,
        0.95,
        duration_ns=60.0,
        n_copies=64,
        seed=4,
        settings=SimulationSettings(step_ps=1.0),
    )


def mean_and_error(values):
    return values.mean(), values.std(ddof=1) / np.sqrt(len(values))


def test_every_electron_pumped_ends_outside_the_mode_or_as_a_photon(spiking):
    missing, error = mean_and_error(
        spiking.pumped_electrons_per_ns
        - spiking.lost_electrons_per_ns
        - spiking.emitted_photons_per_ns
    )
    assert abs(missing) < 4.0 * error
    # The error is small against all terms, so that the balance says something.
    assert error < 0.01 * spiking.emitted_photons_per_ns.mean()


def test_balance_holds_at_the_device_step_within_a_percent_of_the_light():
    emission = measure_emission(DEVICE, 0.95, n_copies=64, seed=4)
    missing, error = mean_and_error(
        emission.pumped_electrons_per_ns
        - emission.lost_electrons_per_ns
        - emission.emitted_photons_per_ns
    )
    assert abs(missing) < 0.01 * emission.emitted_photons_per_ns.mean() + 4.0 * error


def test_pulses_hold_most_of_the_light_and_all_that_is_bright(spiking):
    inside = spiking.photons_in_pulses.mean() / spiking.photons.mean()
    assert 0.5 < inside < 0.9
    photons, error = spiking.pulse_photons()
    # The gain section gives no more than it holds.
    assert 5_000 < photons < spiking.gain_electrons.mean()
    assert 0 < error < 0.02 * photons


def test_same_seed_same_bits_and_copies_differ():
    first, second, other = (
        measure_emission(DEVICE, 1.0, duration_ns=20.0, n_copies=3, seed=s) for s in (1, 1, 2)
    )
    assert np.array_equal(first.photons, second.photons)
    assert not np.array_equal(first.photons, other.photons)
    assert len(np.unique(first.photons)) == 3


def test_pulses_are_stretches_that_reach_the_threshold():
    # Levels of D2: 180 and 600 photons.
    photons = np.array(
        [[200, 700, 200, 100, 300, 100, 0, 650], [0, 200, 0, 0, 0, 0, 200, 599]], np.float32
    )
    blank = np.ones_like(photons)
    traces = Traces(np.arange(8.0), np.arange(2, dtype=np.int32), photons, blank, 2 * blank)
    mean, inside, gain, absorber = _means(DEVICE, traces)
    np.testing.assert_allclose(mean, photons.mean(axis=1))
    np.testing.assert_allclose(inside, [(200 + 700 + 200 + 650) / 8, 0])
    np.testing.assert_allclose([gain, absorber], [[1, 1], [2, 2]])


def test_photons_of_a_pulse_are_a_ratio_of_means():
    rate = np.array([0.1, 0.2, 0.3])
    none = np.zeros(3)
    emission = Emission(DEVICE, 1.0, rate, 200.0 * rate, 100.0 * rate, none, none)
    photons, error = emission.pulse_photons()
    assert photons == pytest.approx(100.0 * DEVICE.cavity.loss_per_ns)
    assert error == pytest.approx(0.0, abs=1e-8)


def test_photon_energy():
    # 1239.84 eV nm, 1.602e-4 fJ per eV.
    assert DEVICE.cavity.photon_energy_fj == pytest.approx(1239.842 / 1550 * 1.602177e-4, rel=1e-6)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"n_copies": 1}, "n_copies: got 1, expected"),
        ({"duration_ns": 1e6}, "expected at most 800"),
        ({"duration_ns": 0.0}, "duration_ns"),
        (
            {"settings": SimulationSettings(traces=TraceRequest((0,), 0.0, 1.0, 1.0))},
            "settings.traces: got a request, expected none",
        ),
        ({"seed": -1}, "seed"),
    ],
)
def test_bad_requests_are_refused(changes, says):
    with pytest.raises(InputError, match=says):
        measure_emission(DEVICE, 1.0, **changes)


def test_a_dark_laser_has_no_pulses_to_measure():
    emission = measure_emission(DEVICE, 0.5, duration_ns=10.0, n_copies=2)
    with pytest.raises(InputError, match="hardly spikes"):
        emission.pulse_photons()
