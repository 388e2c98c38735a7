from typing import Any

import nir
import numpy as np
import pytest
import torch

from lasersampling.errors import InputError
from lasersampling.lif.exchange.nir_events import (
    all_spikes_of_events,
    events_of,
    events_of_spikes,
    spikes_of_events,
)
from lasersampling.lif.populations.spikes import SpikeEvents

UNIT_S = 6e-6
TIMES = torch.tensor(
    [[0.5, torch.inf, 0.0], [torch.inf, torch.inf, torch.inf], [1.5, 1.5, torch.inf]],
    dtype=torch.float64,
)


def test_round_trip_over_a_file(tmp_path):
    events = events_of(TIMES, tau_syn_s=UNIT_S, t_max=2.0)
    assert events.idx.tolist() == [[2, 0], [-1, -1], [0, 1]]
    assert events.time[0] == pytest.approx([0.0, 3e-6])
    assert np.isinf(events.time[1]).all()
    assert (events.n_neurons, events.t_max) == (3, pytest.approx(12e-6))
    path = tmp_path / "spikes.nir"
    nir.write_data(path, nir.NIRGraphData({"input": nir.NIRNodeData({"spikes": events})}))
    read = nir.read_data(path).nodes["input"].observables["spikes"]
    again = spikes_of_events(read, tau_syn_s=UNIT_S)
    assert torch.allclose(again, TIMES, rtol=1e-15, atol=0)


def test_nir_puts_the_events_on_a_grid_where_they_belong():
    """What another tool reads: 0.5 and 1.5 tau_syn are steps 3 and 9 of one microsecond."""
    grid = events_of(TIMES + 1e-3, tau_syn_s=UNIT_S, t_max=2.0).to_time_gridded(1e-6).data
    assert np.argwhere(grid).tolist() == [[0, 0, 2], [0, 3, 0], [2, 9, 0], [2, 9, 1]]


def test_no_spikes_at_all():
    events = events_of(torch.full((2, 3), torch.inf), tau_syn_s=1.0, t_max=1.0)
    assert events.shape == (2, 0)
    assert torch.isinf(spikes_of_events(events, tau_syn_s=1.0)).all()


@pytest.mark.parametrize(
    ("times", "options", "message"),
    [
        (TIMES, {"tau_syn_s": 0.0, "t_max": -1.0}, r"(?s)tau_syn_s: .*t_max: "),
        (TIMES[0], {}, r"times: got shape \(3,\)"),
        (TIMES * torch.nan, {}, "nan"),
        (TIMES - 1.0, {}, "got -0.5 .1 more below 0 or nan.*, or inf for an absent"),
        (TIMES, {"t_max": 1.0}, "times: got 0 to 1.5"),
    ],
)
def test_bad_times_are_refused(times, options, message):
    with pytest.raises(InputError, match=message):
        events_of(times, **({"tau_syn_s": 1.0, "t_max": 2.0} | options))


def test_bad_events_are_refused():
    def events(index, times, kind=nir.EventData, **more):
        index, times = np.array([index]), np.array([times])
        return kind(idx=index, time=times, n_neurons=2, t_max=1.0, **more)

    for bad, message in [
        (events([0, 1, 0], [0.1, 0.2, 0.3]), r"2 spikes of one neuron \(sample 0, neuron 0"),
        (events([0, 2], [0.1, 0.2]), r"events \(idx\): got 0 to 2"),
        (events([0, -2], [0.1, 0.2]), r"events \(idx\): got -2 to 0"),
        (events([0, 1], [0.1, np.inf]), r"\(time\)\[0\]\[1\]: got inf.* has the neuron -1"),
        (events([0, 1], [0.1, -1.0]), r"\(time\)\[0\]\[1\]: got -1.* has the neuron -1"),
        (events([0.0], [0.1]), "idx float64"),
        (events([0], [0.1], nir.ValuedEventData, value=np.ones((1, 1))), "with values"),
    ]:
        with pytest.raises(InputError, match=message):
            spikes_of_events(bad, tau_syn_s=1.0)


def test_neurons_that_spike_again():
    trains: list[list[tuple[float, int]]] = [[(1.5, 1), (0.5, 1), (0.5, 0)], [], [(0.2, 2)]]
    spikes = SpikeEvents.from_trains(trains, 3, n_members=2)
    events = events_of_spikes(spikes, tau_syn_s=1e-3, t_max=2.0, member=1)
    assert events.idx.tolist() == [[1, 0, 1], [-1, -1, -1], [2, -1, -1]]
    again = all_spikes_of_events(events, tau_syn_s=1e-3)
    assert again.time.tolist() == pytest.approx([0.5, 0.5, 1.5, 0.2])
    assert again.neuron.tolist() == [1, 0, 1, 2]
    assert again.offsets.tolist() == [0, 3, 3, 4]
    with pytest.raises(InputError, match="spikes of one neuron"):
        spikes_of_events(events, tau_syn_s=1e-3)
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"t_max": 1.0}, "0.2 to 1.5"), ({"member": 2}, "from 0 to 1")
    ]  # fmt: skip
    for options, message in wrong:
        with pytest.raises(InputError, match=message):
            events_of_spikes(spikes, **({"tau_syn_s": 1.0, "t_max": 2.0} | options))
