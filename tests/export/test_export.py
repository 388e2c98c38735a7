"""Exported files are read back by the tools that they are for."""

import re

import h5py
import numpy as np
import pandas as pd
import pytest
import xarray as xr

from lasersampling.errors import InputError
from lasersampling.export import export
from lasersampling.export.tables import Table, tables_of
from lasersampling.labelled import Variable
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.results import ResultsFile, read_results
from lasersampling.sampling.protocol import Samples

TIMES = [[3.0, 1.0], [], [2.5]]
"""Times of the spikes of each chain [ns], of lasers 1 and 0 in the first."""


@pytest.fixture
def run(tmp_path):
    """Return a file with samples, spikes, traces and a history of two members."""
    states = np.random.default_rng(3).integers(0, 2, (3, 4, 2)).astype(np.int8)
    trains = SpikeTrains(
        np.array([1.0, 3.0, 2.5]), np.array([0, 1, 1]), np.array([0, 2, 2, 3]), 2, 10.0
    )
    samples = Samples(states, sampler="lasers", seed=0, interval_ns=2.5, spikes=trains)
    path = tmp_path / "run.h5"
    with ResultsFile.create(path, command="mine", seed=0, config="") as file:
        file.write_samples(samples)
        for name, dims, units, values in (
            ("time_ns", ("time",), "ns", [0.0, 0.1, 0.2]),
            ("laser", ("laser",), "1", [0, 7]),
            ("pump_ratio", ("laser",), "1", [0.9, 1.1]),
            ("photons", ("laser", "time"), "photons", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]),
        ):
            file.write(f"traces/{name}", values, dims, units=units, description=f"the {name}")
        file.write("history/epoch", [1, 2], ("epoch",), units="1", description="epochs done")
        loss = [[0.5, 0.4], [1 / 3, 0.1]]
        file.write("history/loss", loss, ("epoch", "member"), units="nats", description="loss")
        file.write("device/name", ['D\u00e9,\n"6"'], ("x",), units="1", description="a name")
        file.metric("speed", 2.0, 0.1)
    return path


def table_of(path, group):
    (table,) = tables_of(read_results(path, groups=[group]), group)
    return table


def test_rows_hold_each_entry_with_its_coordinates(run):
    (rows,) = table_of(run, "traces").chunks()
    assert list(rows.columns) == ["laser", "time", "time_ns", "pump_ratio", "photons"]
    assert rows.photons.tolist() == [1, 2, 3, 4, 5, 6]
    assert rows.laser.tolist() == [0, 0, 0, 7, 7, 7]
    assert rows.pump_ratio.tolist() == [0.9] * 3 + [1.1] * 3
    assert rows.time_ns.tolist() == [0.0, 0.1, 0.2] * 2


def test_rows_come_in_pieces_of_bounded_size(run):
    table = table_of(run, "samples")
    pieces = list(table.chunks(5))
    assert [len(piece) for piece in pieces] == [5, 5, 5, 5, 4]
    (whole,) = table.chunks()
    pd.testing.assert_frame_equal(pd.concat(pieces, ignore_index=True), whole)
    states = read_results(run).array("samples/state")
    np.testing.assert_array_equal(whole.state, states.ravel())
    assert set(whole.interval_ns) == {2.5}


def test_a_table_without_rows_has_its_columns():
    empty = Variable(np.empty((0, 2)), ("sample", "unit"), "1", "nothing")
    (rows,) = Table("none", ("sample", "unit"), (0, 2), {"x": empty}).chunks()
    assert (list(rows.columns), len(rows)) == (["x"], 0)


def test_csv_gives_every_number_back(run):
    files = export(run, "csv")
    names = ["run_history.csv", "run_samples.csv", "run_spikes.csv", "run_traces.csv"]
    assert sorted(file.name for file in files) == names
    held = {file.stem.removeprefix("run_"): pd.read_csv(file) for file in files}
    assert held["history"].loss.tolist() == [0.5, 0.4, 1 / 3, 0.1]
    assert held["history"].member.tolist() == [0, 1, 0, 1]
    assert held["spikes"].chain.tolist() == [0, 0, 2]
    assert held["spikes"].time.tolist() == [1.0, 3.0, 2.5]
    states = read_results(run).array("samples/state")
    np.testing.assert_array_equal(held["samples"].state.to_numpy().reshape(states.shape), states)


def test_csv_gives_texts_back(run):
    (file,) = export(run, "csv", ["device"])
    assert pd.read_csv(file).name.tolist() == ['D\u00e9,\n"6"']


def test_parquet_gives_numbers_types_and_units_back(run, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    (tmp_path / "out").mkdir()
    files = {file.stem: file for file in export(run, "parquet", folder=tmp_path / "out")}
    history = pq.read_table(files["run_history"])
    assert history.column("loss").to_pylist() == [0.5, 0.4, 1 / 3, 0.1]
    assert history.schema.field("loss").metadata[b"units"] == b"nats"
    assert b"mine" in history.schema.metadata[b"lasersampling"]
    assert str(pq.read_table(files["run_samples"]).schema.field("state").type) == "int8"
    assert pq.read_table(files["run_spikes"]).column("unit").to_pylist() == [0, 1, 1]


def test_parquet_without_its_library_says_what_to_install(run, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"lasersampling\[export\]"):
        export(run, "parquet")


def test_netcdf_is_opened_by_xarray(run):
    (file,) = export(run, "netcdf")
    with xr.open_datatree(file, engine="h5netcdf") as tree:
        expected = read_results(run).to_xarray()
        assert set(tree.children) == {"samples", "spikes", "traces", "history", "metrics"}
        for name in tree.children:
            xr.testing.assert_identical(tree[name].to_dataset().load(), expected[name].to_dataset())


def test_nwb_like_has_units_and_series_in_seconds(run):
    (file,) = export(run, "nwb-like")
    with h5py.File(file) as found:
        units = found["units"]
        ends = units["spike_times_index"][()]
        assert ends.tolist() == [1, 2, 2, 2, 2, 3]
        np.testing.assert_allclose(units["spike_times"][()], [1e-9, 3e-9, 2.5e-9])
        assert units["chain"][()].tolist() == [0, 0, 1, 1, 2, 2]
        assert units["laser"][()].tolist() == [0, 1] * 3
        photons = found["acquisition/traces_photons"]
        np.testing.assert_array_equal(photons["data"], [[1, 4], [2, 5], [3, 6]])
        np.testing.assert_allclose(photons["timestamps"], [0, 1e-10, 2e-10])
        assert photons["data"].attrs["unit"] == "photons"
        assert photons["timestamps"].attrs["unit"] == "seconds"
        states = found["acquisition/samples_state"]
        assert states["data"].shape == (4, 3, 2)
        np.testing.assert_allclose(states["timestamps"], 2.5e-9 * np.arange(4))
        assert found["acquisition/history_loss/data"].shape == (2, 2)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("xls",), "got 'xls', expected one of csv, parquet, netcdf, nwb-like"),
        (("csv", ["samples", "pie"]), "no group 'pie', expected one of its groups: device"),
        (("csv", (), "no"), "no directory"),
    ],
)
def test_what_cannot_be_exported_is_refused(run, tmp_path, monkeypatch, arguments, text):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=re.escape(text)):
        export("run.h5", *arguments)
    assert [path.name for path in tmp_path.iterdir()] == ["run.h5"]


def test_a_file_without_arrays_is_refused(tmp_path):
    with ResultsFile.create(tmp_path / "a.h5", command="", seed=0, config="") as file:
        file.metric("speed", 1.0)
    with pytest.raises(InputError, match="one of samples, spikes, traces, history"):
        export(tmp_path / "a.h5", "csv")


def test_files_are_never_replaced_unasked(run, tmp_path):
    (tmp_path / "run_spikes.csv").write_text("precious")
    with pytest.raises(InputError, match="a file that exists"):
        export(run, "csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run.h5", "run_spikes.csv"]
    assert len(export(run, "csv", overwrite=True)) == 4


def test_no_table_is_written_if_one_of_them_may_not_be(tmp_path):
    """Tables of a group have names of their own, which are known before anything is written."""
    path = tmp_path / "a.h5"
    with ResultsFile.create(path, command="", seed=0, config="") as file:
        for name, dims in (("history/loss", ("epoch",)), ("history/share", ("layer",))):
            file.write(name, [1.0, 2.0], dims, units="1", description="")
    (tmp_path / "a_history_layer.csv").write_text("precious")
    with pytest.raises(InputError, match="a_history_layer.csv: got a file that exists"):
        export(path, "csv")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.h5", "a_history_layer.csv"]
    found = export(path, "csv", overwrite=True)
    assert [one.name for one in found] == ["a_history_layer.csv", "a_history_epoch.csv"]


def test_single_numbers_are_a_row(tmp_path):
    path = tmp_path / "a.h5"
    with ResultsFile.create(path, command="", seed=0, config="") as file:
        file.write("scale/kick", 0.5, units="1", description="")
        file.write("scale/name", "D6", units="1", description="")
    (table,) = export(path, "csv", ["scale"])
    assert table.read_text() == "kick,name\n0.5,D6\n"
