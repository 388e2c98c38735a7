import math

import pytest

from lasersampling.errors import InputError
from lasersampling.lasers.device import Section, device_names, load_device


def test_shipped_devices_load_and_are_named_as_their_files():
    names = device_names()
    assert {"D1", "D2", "D4", "D5", "vcsel_nahmias", "micropillar_selmi"} <= set(names)
    assert [load_device(name).name for name in names] == names


def test_derived_quantities_of_the_default_device():
    device = load_device("D2")
    # By hand: kappa = 200/ns, absorption 0.2 * 2300 = 460/ns, so the gain section needs
    # 7500 + 660/0.016 = 48750 electrons, 24375 per ns over 2 ns.
    assert math.isclose(device.threshold_pump_electrons_per_ns, 24375.0)
    assert math.isclose(device.relative_absorption, 2.3)
    assert math.isclose(device.gain.saturation_photons, 31.25)
    assert math.isclose(device.absorber.spontaneous_emission_factor, 0.02)
    # omega / kappa with omega = 2 pi c / lambda.
    omega_per_ns = 2 * math.pi * 299792.458e3 / 1550.0
    assert math.isclose(device.cavity.quality_factor, omega_per_ns / 200.0)
    assert math.isclose(device.threshold_current_ua, 24375e9 * 1.602176634e-19 * 1e6)


def test_absorber_pump_lowers_the_threshold(tmp_path):
    text = "absorber_pump_electrons_per_ns = 1000.0\n" + _text("D2")
    path = tmp_path / "pumped.toml"
    path.write_text(text)
    device = load_device(path)
    # 1000/ns over 0.1 ns are 100 electrons: 20/ns less absorption.
    assert math.isclose(device.unpumped_absorption_per_ns, 440.0)
    assert math.isclose(device.threshold_pump_electrons_per_ns, (7500 + 640 / 0.016) / 2)


def test_all_problems_of_a_file_are_reported_at_once(tmp_path):
    path = tmp_path / "bad.toml"
    path.write_text(
        _text("D2")
        .replace("photon_lifetime_ps = 5.0", "photon_lifetime_ps = -5.0")
        .replace("carrier_lifetime_ns = 2.0", "carrier_lifetime = 2.0")
        .replace("rearm_photons = 180.0", "rearm_photons = 900.0")
    )
    with pytest.raises(InputError) as caught:
        load_device(path)
    message = str(caught.value)
    for part in (
        "bad.toml: cavity.photon_lifetime_ps: got -5.0",
        "gain.carrier_lifetime: got an unknown key",
        "detection.rearm_photons: got 900.0, expected less than threshold_photons = 600",
    ):
        assert part in message


def test_emission_into_the_mode_is_part_of_the_recombination():
    with pytest.raises(InputError, match="at most 1/carrier_lifetime_ns = 0.5"):
        Section(carrier_lifetime_ns=2.0, differential_gain_per_ns=0.6, transparency_electrons=100.0)


def test_an_unknown_device_names_the_shipped_ones():
    with pytest.raises(InputError, match="D2"):
        load_device("D3")


def _text(name):
    from lasersampling.config import shipped_path

    return shipped_path("devices", name).read_text()
