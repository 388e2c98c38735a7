"""Calibrations that come with the package are those of the present code."""

from lasersampling.config import shipped_names, shipped_path
from lasersampling.sampling.neurons import shipping, store
from lasersampling.sampling.neurons.calibration import CalibrationSettings
from lasersampling.sampling.neurons.sampler import Lasers


def test_shipped_calibrations_are_of_this_code():
    remedy = "run `make calibrations` and commit what it writes"
    assert shipping.missing_calibrations() == (), remedy
    assert len(shipped_names("calibrations")) == len(shipping.DEVICES), remedy


def test_the_first_use_of_a_shipped_device_measures_nothing(monkeypatch):
    monkeypatch.setattr(store, "measure_calibration", lambda *a, **k: 1 / 0)
    found = Lasers("D6").calibration
    assert 0.7 < found.midpoint < 1.0


def test_what_is_missing_is_measured_and_what_is_old_goes(monkeypatch, tmp_path):
    name = store.calibration_name(Lasers("D6").neuron, CalibrationSettings())
    good = shipped_path("calibrations", name)
    old = tmp_path / "calibration-D6-0123.toml"
    old.write_text("nothing")
    (tmp_path / good.name).write_bytes(good.read_bytes())
    monkeypatch.setattr(shipping, "DEVICES", ("D6",))
    monkeypatch.setattr(shipping, "measure_calibration", lambda *a, **k: 1 / 0)
    said: list[str] = []
    shipping.ship_calibrations(tmp_path, said.append)
    assert [path.name for path in tmp_path.iterdir()] == [good.name]
    assert said == [f"removed: {old}"]
    # Another name is missing, and is measured.
    (tmp_path / good.name).unlink()
    monkeypatch.setattr(shipping, "measure_calibration", lambda *a, **k: Lasers("D6").calibration)
    shipping.ship_calibrations(tmp_path, said.append)
    assert (tmp_path / good.name).read_text() == good.read_text()
