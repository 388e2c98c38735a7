import os
import resource
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import lasersampling
from lasersampling.boltzmann import BoltzmannMachine, load_machine
from lasersampling.config import to_toml
from lasersampling.config.toml import toml_of
from lasersampling.errors import InputError
from lasersampling.lasers.spikes import SpikeTrains
from lasersampling.results import ResultsFile, read_results
from lasersampling.results.provenance import git_commit
from lasersampling.sampling.protocol import Samples

CONFIG = 'sampler = "gibbs"\n'


def create(path, **options):
    return ResultsFile.create(path, command="test run", seed=7, config=CONFIG, **options)


@pytest.fixture
def samples():
    states = np.random.default_rng(1).integers(0, 2, (2, 30, 3)).astype(np.int8)
    trains = SpikeTrains(
        time_ns=np.array([0.5, 2.0, 1.0]),
        unit=np.array([2, 0, 1], dtype=np.int32),
        chain_offset=np.array([0, 2, 3]),
        n_units=3,
        duration_ns=4.0,
    )
    return Samples(states, sampler="lasers", seed=5, interval_ns=0.5, spikes=trains)


def test_root_attributes_say_where_the_file_comes_from(tmp_path):
    path = tmp_path / "run.h5"
    with create(path):
        pass
    attrs = read_results(path).attrs
    assert attrs["schema_version"] == 1
    assert attrs["library_version"] == lasersampling.__version__
    assert attrs["git_commit"] == git_commit()
    assert (attrs["command"], attrs["seed"]) == ("test run", 7)
    age = datetime.now(UTC) - datetime.fromisoformat(attrs["created_at"])
    assert timedelta(0) <= age < timedelta(minutes=5)
    assert 0 < attrs["wall_time_s"] < 60


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "run.h5"
    big = np.random.default_rng(0).normal(size=(100, 70))
    with create(path) as file:
        file.write("history/step", np.arange(100), ("step",), units="1", description="step")
        file.write("history/loss", big, ("step", "run"), units="nats", description="loss — µ")
        file.write("deep/er/flag", [True, False], ("which",), units="1", description="")
        file.write("deep/name", ["a", "bé"], ("which",), units="1", description="names")
        file.write("deep/none", np.zeros((0, 3)), ("no", "three"), units="1", description="")
        file.attributes("deep", {"refractory_time_ns": 3.5, "ok": True, "names": ["x", "y"]})
        file.metric("kl", 0.25, 0.01, description="D_KL")
        file.metric("floor", np.inf, float("nan"))
    results = read_results(path)
    assert results.config == CONFIG
    loss = results.groups["history"]["loss"]
    np.testing.assert_array_equal(loss.data, big)
    assert (loss.dims, loss.units, loss.description) == (("step", "run"), "nats", "loss — µ")
    assert results.array("deep/er/flag").dtype == np.int8
    assert list(results.array("deep/name")) == ["a", "bé"]
    assert results.array("deep/none").shape == (0, 3)
    assert results.attributes["deep"] == {
        "refractory_time_ns": 3.5,
        "ok": 1,
        "names": ["x", "y"],
    }
    assert (results.metrics["kl"].value, results.metrics["kl"].standard_error) == (0.25, 0.01)
    assert (results.metrics["floor"].value, results.metrics["floor"].standard_error) == (
        np.inf,
        None,
    )
    assert results.contents["history/loss"].shape == (100, 70)
    assert "metrics/kl" not in results.contents


def test_machine_and_samples_come_back_as_objects(tmp_path, samples):
    path = tmp_path / "run.h5"
    machine = BoltzmannMachine.random(3, seed=2)
    machine = BoltzmannMachine(machine.weights, machine.biases, n_label=1, n_hidden=1)
    with create(path) as file:
        file.write_machine(machine)
        file.write_samples(samples)
    results = read_results(path)
    for again in (results.machine(), load_machine(path)):
        np.testing.assert_array_equal(again.weights, machine.weights)
        np.testing.assert_array_equal(again.biases, machine.biases)
        assert (again.n_label, again.n_hidden) == (1, 1)
    drawn = results.samples()
    np.testing.assert_array_equal(drawn.states, samples.states)
    assert (drawn.sampler, drawn.seed, drawn.interval_ns) == ("lasers", 5, 0.5)
    assert drawn.spikes is not None
    np.testing.assert_array_equal(drawn.spikes.time_ns, samples.spikes.time_ns)
    np.testing.assert_array_equal(drawn.spikes.unit, samples.spikes.unit)
    np.testing.assert_array_equal(drawn.spikes.chain_offset, samples.spikes.chain_offset)
    assert (drawn.spikes.n_units, drawn.spikes.duration_ns) == (3, 4.0)


def test_xarray_opens_every_group(tmp_path, samples):
    path = tmp_path / "run.h5"
    with create(path) as file:
        file.write_machine(BoltzmannMachine.random(3, seed=2))
        file.write_samples(samples)
        file.metric("kl", 0.25, 0.01, description="D_KL")
    with xr.open_dataset(path, engine="h5netcdf", group="samples") as dataset:
        assert dataset.state.dims == ("chain", "draw", "unit")
        assert list(dataset.coords) == ["chain", "draw", "unit"]
        np.testing.assert_array_equal(dataset.state, samples.states)
        assert dataset.state.dtype == np.int8
        assert float(dataset.interval_ns) == 0.5
    with xr.open_datatree(path, engine="h5netcdf") as tree:
        assert set(tree.children) == {"machine", "samples", "spikes", "metrics"}
        assert tree.attrs["seed"] == 7
        assert str(tree["config"].values) == CONFIG
        # Times in ns must stay numbers, not become dates.
        assert tree["spikes/time"].dtype == np.float64
        assert tree["metrics/kl"].attrs["standard_error"] == 0.01
        for group in tree.subtree:
            for name, variable in group.variables.items():
                assert variable.attrs["long_name"], f"{group.path}/{name}"
                assert "units" in variable.attrs or name == "config"


def test_large_arrays_are_compressed(tmp_path):
    path = tmp_path / "run.h5"
    with create(path) as file:
        file.write("a/x", np.zeros(1_000_000), ("x",), units="1", description="")
    assert path.stat().st_size < 100_000


def test_nothing_in_the_file_is_pickled(tmp_path, samples):
    path = tmp_path / "run.h5"
    with create(path) as file:
        file.write_samples(samples)
        file.write("a/name", ["x"], ("n",), units="1", description="")
    kinds = set()
    with h5py.File(path) as file:
        file.visititems(lambda _, node: kinds.add(getattr(node, "dtype", np.dtype(int))))
    for kind in kinds:
        assert kind.kind in "iuf" or h5py.check_string_dtype(kind) is not None


def test_exception_leaves_the_old_file_and_no_rest(tmp_path):
    path = tmp_path / "run.h5"
    with create(path):
        pass
    old = path.read_bytes()
    with pytest.raises(RuntimeError, match="crash"), create(path, overwrite=True) as file:
        file.write("a/x", np.zeros(10), ("x",), units="1", description="")
        raise RuntimeError("crash")
    assert path.read_bytes() == old
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    ("place", "got"),
    [
        ("old.h5", "a file that exists"),
        ("missing/run.h5", "no directory"),
        ("old.h5/run.h5", "no directory"),
        ("", "a directory"),
    ],
)
def test_unusable_path_is_refused_before_any_work(tmp_path, place, got):
    (tmp_path / "old.h5").write_text("precious")
    with pytest.raises(InputError, match=got):
        create(tmp_path / place)
    assert (tmp_path / "old.h5").read_text() == "precious"
    assert len(list(tmp_path.iterdir())) == 1


def test_unwritable_directory_is_refused_before_any_work():
    # /proc refuses new files to everyone, also where tests run as root.
    with pytest.raises(InputError, match="cannot be written"):
        create(Path("/proc/run.h5"))


@pytest.mark.parametrize(
    ("name", "array", "dims", "problem"),
    [
        ("x", [1.0], ("x",), "'group/variable'"),
        ("a/x", [1.0, 2.0], (), "one name for each dimension"),
        ("a/x", np.zeros((2, 2)), ("x", "x"), "one name for each dimension"),
        ("a/y", [1.0, 2.0], ("length",), "2 along 'length', expected 3"),
        ("a/first", [1.0, 2.0, 3.0], ("length",), "taken"),
        ("a/x", np.array([object()]), ("x",), "data of type object"),
        ("a/x", [1j], ("x",), "complex"),
        ("a/x", [[1.0], [1.0, 2.0]], ("x",), "rows of different lengths"),
        ("a/x", np.zeros(2, dtype=np.float16), ("x",), "float16"),
    ],
)
def test_what_cannot_be_stored_is_refused_by_name(tmp_path, name, array, dims, problem):
    with create(tmp_path / "run.h5") as file:
        file.write("a/first", np.zeros(3), ("length",), units="1", description="")
        with pytest.raises(InputError) as caught:
            file.write(name, array, dims, units="1", description="")
        assert problem in str(caught.value)
        with pytest.raises(InputError, match="a@bad"):
            file.attributes("a", {"bad": object()})
    assert set(read_results(tmp_path / "run.h5").contents) == {"a/first"}


def test_seed_too_large_to_be_stored_is_refused_at_the_start(tmp_path):
    with pytest.raises(InputError, match="seed"):
        ResultsFile.create(tmp_path / "run.h5", command="", seed=2**70, config="")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", value) for value in ("a", -1, None, 1.5, True, 10**400)]
    + [(name, value) for name in ("command", "config") for value in (None, 3, b"a")],
    ids=lambda value: str(type(value).__name__),
)
def test_what_does_not_describe_a_run_is_refused_at_the_start(name, value, tmp_path):
    about = {"command": "", "seed": 0, "config": ""} | {name: value}
    with pytest.raises(InputError, match=name):
        ResultsFile.create(tmp_path / "run.h5", **about)
    assert list(tmp_path.iterdir()) == []


def test_full_disk_is_one_error_and_leaves_nothing(tmp_path):
    # A limit on the size of files stands in for a full disk: writing beyond it fails likewise.
    code = (
        "import sys, numpy as np\n"
        "from lasersampling.errors import LaserSamplingError\n"
        "from lasersampling.results import ResultsFile\n"
        "try:\n"
        "    with ResultsFile.create(sys.argv[1], command='', seed=0, config='') as file:\n"
        "        x = np.random.default_rng(0).normal(size=100_000)\n"
        "        file.write('a/x', x, ('x',), units='1', description='')\n"
        "except LaserSamplingError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path / "run.h5"],
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000)),
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path / 'run.h5'}: could not be written (File too large)\n"
    assert list(tmp_path.iterdir()) == []


def test_text_that_is_no_utf_8_is_written_by_its_codes(tmp_path):
    """Names of files may hold any bytes; experiments hand on their own command line."""
    name = "\udcff.h5"
    path = tmp_path / "run.h5"
    config = to_toml({"place": name})
    with ResultsFile.create(path, command=f"python {name}", seed=0, config=config) as file:
        file.attributes("about", {"place": name, "places": [name, "b"]})
        file.write("images/class_name", [name, "b"], ("class",), units="1", description="names")
    results = read_results(path)
    assert results.attrs["command"] == r"python \udcff.h5"
    assert toml_of(results.config, "config") == {"place": r"\udcff.h5"}
    assert results.attributes["about"]["place"] == r"\udcff.h5"
    assert results.array("images/class_name").tolist() == [r"\udcff.h5", "b"]
