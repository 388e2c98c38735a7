import pytest

import lasersampling as ls
from lasersampling.config import resolve, shipped, shipped_names, shipped_path
from lasersampling.errors import InputError


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A clone with two small models, in place of the real one."""
    module = tmp_path / "clone" / "lasersampling" / "config" / "shipped.py"
    monkeypatch.setattr(shipped, "__file__", str(module))
    folder = tmp_path / "clone" / "models" / "machines"
    folder.mkdir(parents=True)
    for name in ("ring.toml", "digits.h5", "notes.md"):
        (folder / name).touch()
    return folder


def test_names_are_sorted_and_only_models(models):
    assert shipped_names("machines") == ["digits", "ring"]
    assert shipped_names("devices") == []


@pytest.mark.parametrize("kind", ["device", "Devices", "", None, 3, ("devices",), b"devices"])
@pytest.mark.parametrize("function", [shipped_names, lambda kind: shipped_path(kind, "D6")])
def test_kinds_that_do_not_exist_are_told_with_those_that_do(kind, function):
    with pytest.raises(InputError, match="kind: got .* expected one of devices, machines"):
        function(kind)


def test_a_name_is_found_with_either_ending(models):
    assert shipped_path("machines", "ring") == models / "ring.toml"
    assert shipped_path("machines", "digits") == models / "digits.h5"


def test_an_installed_package_uses_its_own_models(models):
    own = models.parents[1] / "lasersampling" / "_models" / "machines"
    own.mkdir(parents=True)
    (own / "inside.toml").touch()
    assert shipped_names("machines") == ["inside"]
    assert shipped_path("machines", "inside") == own / "inside.toml"


@pytest.mark.parametrize("name", ["rings", "", "../machines/ring", "ring.toml"])
def test_an_unknown_name_lists_those_that_there_are(models, name):
    with pytest.raises(InputError) as raised:
        shipped_path("machines", name)
    (problem,) = raised.value.problems
    assert (problem.where, problem.got) == ("machines", repr(name))
    assert problem.expected == "one of the shipped: digits, ring"


def test_a_kind_without_models_says_so(models):
    with pytest.raises(InputError, match="there is none of this kind"):
        shipped_path("chips", "a")


def test_an_existing_file_wins_over_a_shipped_name(models, tmp_path, monkeypatch):
    assert resolve("machines", "ring") == models / "ring.toml"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ring").touch()
    assert resolve("machines", "ring").resolve() == tmp_path / "ring"
    assert resolve("machines", tmp_path / "ring") == tmp_path / "ring"


@pytest.mark.parametrize("name", ["missing", "."])
def test_what_is_neither_a_file_nor_a_name_is_refused(models, name):
    with pytest.raises(InputError) as raised:
        resolve("machines", name)
    assert raised.value.problems[0].expected == (
        "an existing file or one of the shipped: digits, ring"
    )


def test_a_file_that_is_not_there_is_told_without_all_shipped_names(models, tmp_path):
    (tmp_path / "mine.toml").touch()
    with pytest.raises(InputError) as raised:
        resolve("machines", tmp_path / "min.toml")
    (found,) = raised.value.problems
    got = f"{str(tmp_path / 'min.toml')!r}, no such file (did you mean 'mine.toml'?)"
    assert (found.got, found.expected) == (got, "an existing file, or a shipped name")


@pytest.mark.parametrize("given", [3, None, ["D6"], {}, b"D6", 0.5, object()])
@pytest.mark.parametrize(
    "load",
    [ls.load_device, ls.load_chip, ls.load_imperfections, ls.load_bayesian_network, ls.load_model],
    ids=["device", "chip", "imperfections", "bayesian_network", "model"],
)
def test_loaders_take_names_and_paths_only(load, given):
    with pytest.raises(InputError, match=r"path: got .*, expected the name of a file"):
        load(given)
