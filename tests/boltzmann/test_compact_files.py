import numpy as np
import pytest

from lasersampling.boltzmann import BoltzmannMachine, load_machine, load_provenance, save_machine
from lasersampling.errors import InputError


@pytest.fixture
def machine():
    drawn = BoltzmannMachine.random(100, seed=2)
    # In steps of 1/1024, which single precision holds exactly.
    return BoltzmannMachine(
        np.rint(drawn.weights * 1024) / 1024, np.rint(drawn.biases * 1024) / 1024, 10, 6
    )


def test_compact_files_hold_the_same_machine_in_less_room(tmp_path, machine):
    save_machine(tmp_path / "plain.h5", machine)
    save_machine(tmp_path / "compact.h5", machine, compact=True)
    read = load_machine(tmp_path / "compact.h5")
    assert np.array_equal(read.weights, machine.weights)
    assert np.array_equal(read.biases, machine.biases)
    assert (read.n_label, read.n_hidden) == (10, 6)
    assert (tmp_path / "compact.h5").stat().st_size < 0.4 * (tmp_path / "plain.h5").stat().st_size


def test_provenance_comes_back_as_plain_values(tmp_path, machine):
    about = {"command": "train", "seed": 3, "shape": [5, 8], "accuracy": 0.5}
    save_machine(tmp_path / "a.h5", machine, provenance=about)
    assert load_provenance(tmp_path / "a.h5") == about
    save_machine(tmp_path / "b.h5", machine)
    save_machine(tmp_path / "c.toml", machine)
    assert load_provenance(tmp_path / "b.h5") == load_provenance(tmp_path / "c.toml") == {}
    (tmp_path / "d.h5").write_bytes(b"no file")
    with pytest.raises(InputError, match="begins with b'no file'"):
        load_provenance(tmp_path / "d.h5")


@pytest.mark.parametrize("options", [{"compact": True}, {"provenance": {"seed": 1}}])
def test_toml_is_neither_compact_nor_has_provenance(tmp_path, machine, options):
    with pytest.raises(InputError, match=r"suffix '\.toml', expected one of \.h5"):
        save_machine(tmp_path / "a.toml", machine, **options)
