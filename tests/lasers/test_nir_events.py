import sys

import nir
import numpy as np
import pytest

from lasersampling.errors import InputError, LaserSamplingError
from lasersampling.lasers.nir_events import events_of_trains, trains_of_events
from lasersampling.lasers.spikes import SpikeTrains

TRAINS = SpikeTrains(
    time_ns=np.array([0.1, 0.1, 7.3, 100.0, 3.3, 99.9999999]),
    unit=np.array([1, 0, 1, 1, 2, 2], dtype=np.int32),
    chain_offset=np.array([0, 4, 4, 6]),
    n_units=3,
    duration_ns=100.0,
)


def test_round_trip_over_a_file(tmp_path):
    events = events_of_trains(TRAINS)
    assert events.idx.tolist() == [[1, 0, 1, 1], [-1] * 4, [2, 2, -1, -1]]
    assert events.time[0] == pytest.approx([1e-10, 1e-10, 7.3e-9, 1e-7])
    assert np.isinf(events.time[1]).all()
    assert (events.n_neurons, events.t_max) == (3, pytest.approx(1e-7))
    path = tmp_path / "spikes.nir"
    nir.write_data(path, nir.NIRGraphData({"lasers": nir.NIRNodeData({"spikes": events})}))
    read = nir.read_data(path).nodes["lasers"].observables["spikes"]
    again = trains_of_events(read)
    assert again.time_ns == pytest.approx(TRAINS.time_ns, rel=1e-15)
    assert np.array_equal(again.unit, TRAINS.unit)
    assert np.array_equal(again.chain_offset, TRAINS.chain_offset)
    assert again.n_units == 3
    assert again.duration_ns == pytest.approx(100.0, rel=1e-15)


def test_no_spikes_at_all():
    silent = SpikeTrains(np.empty(0), np.empty(0, np.int32), np.zeros(3, np.int64), 2, 10.0)
    again = trains_of_events(events_of_trains(silent))
    assert (again.n_chains, again.n_spikes, again.n_units) == (2, 0, 2)


def test_unsorted_events_are_sorted_and_bad_ones_refused():
    def events(index, times, kind=nir.EventData, **more):
        index, times = np.array([index]), np.array([times])
        return kind(idx=index, time=times, n_neurons=2, t_max=1e-7, **more)

    assert trains_of_events(events([0, -1, 1], [5e-8, np.inf, 1e-8])).unit.tolist() == [1, 0]
    for bad, message in [
        (events([0, 2], [1e-9, 2e-9]), "unit: got 0 to 2"),
        (events([0, 1], [1e-9, 2e-7]), "outside the recording"),
        (events([0, 1], [1e-9, np.inf]), r"\(time\)\[0\]\[1\]: got inf.* has the unit -1"),
        (events([0, 1], [1e-9, -1.0]), r"\(time\)\[0\]\[1\]: got -1.* has the unit -1"),
        (events([0, 1], [np.nan, 1e-9]), r"\(time\)\[0\]\[0\]: got nan.* has the unit -1"),
        (events([0.0], [1e-9]), "idx float64"),
        (events([0], [1e-9], nir.ValuedEventData, value=np.ones((1, 1))), "with values"),
    ]:
        with pytest.raises(InputError, match=message):
            trains_of_events(bad)


def test_without_the_package_it_is_said_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "nir", None)
    with pytest.raises(LaserSamplingError, match=r"pip install 'lasersampling\[nir\]'"):
        events_of_trains(TRAINS)


@pytest.mark.parametrize("given", [None, 3, "a", [1.0], {}])
def test_anything_else_than_trains_and_events_is_refused(given):
    with pytest.raises(InputError, match="trains: got .*, expected SpikeTrains"):
        events_of_trains(given)
    with pytest.raises(InputError, match=r"events: got .*, expected nir\.EventData"):
        trains_of_events(given)
