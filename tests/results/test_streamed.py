import shutil
from collections import namedtuple
from typing import Any

import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine
from lasersampling.errors import InputError
from lasersampling.lasers.device import load_device
from lasersampling.lasers.long_runs import LongSimulation
from lasersampling.lasers.network import LaserNetwork
from lasersampling.lasers.settings import SimulationSettings, TraceRequest
from lasersampling.results import ResultsFile, read_results
from lasersampling.results.streamed import (
    check_room,
    expected_bytes,
    expected_recording_bytes,
    write_pieces,
)
from lasersampling.sampling import Gibbs, Pieces, pieces
from lasersampling.sampling.neurons.sampler import Lasers

MACHINE = BoltzmannMachine.random(4, seed=2)


@pytest.mark.parametrize("sampler", [Gibbs(), Lasers("D6")], ids=lambda s: s.name)
def test_pieces_are_written_as_the_whole_is(tmp_path, monkeypatch, sampler):
    monkeypatch.setattr(pieces, "VALUES_PER_PIECE", 4 * 4 * 100)
    run = Pieces(sampler, MACHINE, 950, seed=3)
    whole = run.whole()
    about: dict[str, Any] = {"command": "", "seed": 3, "config": ""}
    with ResultsFile.create(tmp_path / "whole.h5", **about) as file:
        file.write_samples(whole)
    drawn = list(run.drawn())
    spikes = [np.diff(p.spikes.chain_offset) for p in drawn if p.spikes is not None]
    with ResultsFile.create(tmp_path / "pieces.h5", **about) as file:
        write_pieces(file, drawn, run, np.array(spikes, dtype=np.int64).reshape(-1, 4))
    one, other = (read_results(tmp_path / f"{name}.h5") for name in ("whole", "pieces"))
    assert one.contents.keys() == other.contents.keys()
    assert one.attributes == other.attributes
    for name in one.contents:
        np.testing.assert_array_equal(one.array(name), other.array(name), strict=True)
        group, _, variable = name.rpartition("/")
        of_both = [found.group(group)[variable] for found in (one, other)]
        assert of_both[0].dims == of_both[1].dims
        assert of_both[0].description == of_both[1].description


def test_a_run_that_does_not_fit_on_the_disk_is_refused(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, 10**9))
    run = Pieces(Lasers("D6"), MACHINE, 10**9)
    # 16 values of each draw and spikes in one of eight of them, kept twice until all is written.
    assert expected_bytes(run) == pytest.approx(2 * 16e9 * (0.2 + 9 / 8), rel=1e-6)
    with pytest.raises(InputError, match="at most 1 GB, which are free in"):
        check_room(tmp_path / "run.h5", expected_bytes(run))
    check_room(tmp_path / "run.h5", expected_bytes(Pieces(Lasers("D6"), MACHINE, 10**6)))


def test_a_simulation_that_does_not_fit_on_the_disk_is_refused(tmp_path, monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(0, 0, 10**9))

    def simulation(duration_ns):
        traces = TraceRequest(lasers=(0,), start_ns=0.0, stop_ns=10.0, interval_ps=10.0)
        settings = SimulationSettings(traces=traces)
        network = LaserNetwork(load_device("D6"), 1)
        return LongSimulation(network, np.array([0.9]), duration_ns, 1, settings)

    # 0.45 spikes/ns of nine bytes, kept twice, as far as 200 ns tell.
    assert expected_recording_bytes(simulation(1e10)) == pytest.approx(2 * 9 * 0.45e10, rel=0.3)
    with pytest.raises(InputError, match="a shorter run, or another disk"):
        check_room(tmp_path / "run.h5", expected_recording_bytes(simulation(1e10)))
    check_room(tmp_path / "run.h5", expected_recording_bytes(simulation(1e6)))
