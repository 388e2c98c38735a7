"""Conversion between devices and the Yamada form, and the figures of the literature."""

import math

import numpy as np
import pytest

from lasersampling.lasers.analysis.yamada import Yamada, from_yamada
from lasersampling.lasers.device import load_device
from lasersampling.lasers.rate_equations import drift

ELEMENTARY_CHARGE = 1.602176634e-19


def test_nahmias_table_gives_the_device_and_its_published_yamada_form():
    device = load_device("vcsel_nahmias")
    volume = 2.4e-18
    for section, confinement, gain, density in (
        (device.gain, 0.06, 2.9e-12, 1.1e24),
        (device.absorber, 0.05, 14.5e-12, 0.89e24),
    ):
        assert math.isclose(section.differential_gain_per_ns, confinement * gain / volume * 1e-9)
        assert math.isclose(section.transparency_electrons, density * volume)
    pump = 2e-3 / ELEMENTARY_CHARGE * 1e-9
    form = Yamada.from_device(device, pump / device.threshold_pump_electrons_per_ns)
    # The published values have two or three digits.
    assert form.pump == pytest.approx(3.43, abs=0.006)
    assert form.absorption == pytest.approx(3.10, abs=0.006)
    assert form.saturation_ratio == pytest.approx(0.42, abs=0.006)
    assert form.gain_rate == pytest.approx(0.0048, abs=6e-5)
    assert form.absorber_rate == pytest.approx(0.048, abs=6e-4)


def test_micropillar_has_the_published_yamada_form():
    device = load_device("micropillar_selmi")
    form = Yamada.from_device(device, 1.0)
    assert form.saturation_ratio == pytest.approx(10.0)
    assert form.absorption == pytest.approx(2.0)
    assert form.gain_rate == pytest.approx(0.005)
    assert form.absorber_rate == pytest.approx(0.005)
    # At threshold the gain equals absorption and cavity loss: A = 1 + B.
    assert form.pump == pytest.approx(3.0)


@pytest.mark.parametrize("name", ["D2", "vcsel_nahmias", "micropillar_selmi"])
def test_conversion_there_and_back(name):
    device = load_device(name)
    pump = 0.97 * device.threshold_pump_electrons_per_ns
    gain, absorber, again = from_yamada(
        Yamada.from_device(device, 0.97),
        photon_lifetime_ps=device.cavity.photon_lifetime_ps,
        gain_saturation_photons=device.gain.saturation_photons,
        gain_transparency_electrons=device.gain.transparency_electrons,
    )
    assert again == pytest.approx(pump, rel=1e-12)
    for one, other in ((gain, device.gain), (absorber, device.absorber)):
        for field in (
            "carrier_lifetime_ns",
            "differential_gain_per_ns",
            "transparency_electrons",
        ):
            assert getattr(one, field) == pytest.approx(getattr(other, field), rel=1e-12)


def test_both_forms_have_the_same_time_derivatives():
    device = load_device("D2")
    kappa, gain, absorber = device.cavity.loss_per_ns, device.gain, device.absorber
    form = Yamada.from_device(device, 1.02)
    generator = np.random.default_rng(0)
    # Many photons, so that spontaneous emission, which the Yamada form leaves out, vanishes.
    photons = generator.uniform(1e9, 1e10, 20)
    n1, n2 = generator.uniform(2e4, 6e4, 20), generator.uniform(0.0, 2e3, 20)
    ds, dn1, dn2 = drift(device, [photons, n1, n2], 1.02)
    g = gain.differential_gain_per_ns * (n1 - gain.transparency_electrons) / kappa
    q = absorber.differential_gain_per_ns * (absorber.transparency_electrons - n2) / kappa
    i = photons / gain.saturation_photons
    dg = form.gain_rate * (form.pump - g - g * i)
    dq = form.absorber_rate * (form.absorption - q - form.saturation_ratio * q * i)
    di = (g - q - 1.0) * i
    np.testing.assert_allclose(dn1 * gain.differential_gain_per_ns / kappa**2, dg, rtol=1e-9)
    np.testing.assert_allclose(-dn2 * absorber.differential_gain_per_ns / kappa**2, dq, rtol=1e-9)
    np.testing.assert_allclose(ds / gain.saturation_photons / kappa, di, rtol=1e-6)
