import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lasersampling.config import (
    Positive,
    load,
    load_settings,
    parse,
    read_toml,
    save_settings,
    to_toml,
    validated,
)
from lasersampling.errors import InputError


@validated
class Inner:
    tau_ns: Positive
    label: str = "x"


@validated
class Outer:
    number: float
    whole: int
    switch: bool
    text: str
    values: tuple[float, ...]
    inner: Inner
    inners: tuple[Inner, ...] = ()
    maybe: Inner | None = None
    file: Path | None = None


finite = st.floats(allow_nan=False, allow_infinity=False)
# TOML is UTF-8, which has no lone surrogates.
text = st.text(st.characters(codec="utf-8"))
inners = st.builds(Inner, tau_ns=st.floats(1e-300, 1e300), label=text)
outers = st.builds(
    Outer,
    number=finite,
    whole=st.integers(-(2**63), 2**63 - 1),
    switch=st.booleans(),
    text=text,
    values=st.lists(finite, max_size=4).map(tuple),
    inner=inners,
    inners=st.lists(inners, max_size=3).map(tuple),
    maybe=st.none() | inners,
    file=st.none() | st.just(Path("models") / "a.toml"),
)


@settings(max_examples=40)
@given(outers)
def test_what_is_written_is_read_back_equal(outer):
    assert parse(tomllib.loads(to_toml(outer)), Outer, "") == outer


def test_mappings_of_validated_objects_are_written_as_tables():
    written = to_toml({"device": Inner(2.0), "left_out": None, "sampler": {"n": 3}})
    assert tomllib.loads(written) == {
        "device": {"tau_ns": 2.0, "label": "x"},
        "sampler": {"n": 3},
    }


def test_derived_fields_are_not_written():
    @validated
    class Derived:
        n: int
        twice: int = dataclasses.field(init=False, default=0)

    assert tomllib.loads(to_toml(Derived(1))) == {"n": 1}


def test_load_names_file_and_dotted_key_of_all_problems(tmp_path):
    path = tmp_path / "outer.toml"
    path.write_text("number = nan\nwhole = 2\n[inner]\ntau_ns = -1.0\nlabl = 'a'\n")
    with pytest.raises(InputError) as raised:
        load(path, Outer)
    assert str(raised.value).splitlines() == [
        f"{path}: number: got nan, expected a finite number",
        f"{path}: switch: got nothing, expected a value (required)",
        f"{path}: text: got nothing, expected a value (required)",
        f"{path}: values: got nothing, expected a value (required)",
        f"{path}: inner.tau_ns: got -1.0, expected a number above 0",
        f"{path}: inner.labl: got an unknown key, expected one of: tau_ns, label",
    ]


def test_load_returns_the_object(tmp_path):
    path = tmp_path / "inner.toml"
    path.write_bytes(b"tau_ns = 3\r\nlabel = 'caf\xc3\xa9'\r\n")
    assert load(str(path), Inner) == Inner(3.0, "café")


@pytest.mark.parametrize(
    ("content", "line", "got"),
    [
        (b"a = 1\nb = = 2\n", ", line 2", "invalid value"),
        (b"a = 1\na = 2\n", ", line 2", "cannot overwrite a value"),
        (b"a = [1, 2", ", last line", "unclosed array"),
        (b"a = 1\nb = '\xff'\n", ", line 2", "the byte 0xff"),
        (b"\x89HDF\r\n\x1a\n", "", "an HDF5 file"),
        (b"a = " + b"[" * 5000, "", "too deeply nested values"),
        (b"a = " + b"9" * 5000, "", "Exceeds the limit (4300 digits)"),
    ],
)
def test_what_is_not_toml_is_refused_with_its_line(tmp_path, content, line, got):
    path = tmp_path / "bad.toml"
    path.write_bytes(content)
    with pytest.raises(InputError) as raised:
        read_toml(path)
    (problem,) = raised.value.problems
    assert problem.where == f"{path}{line}"
    assert problem.got.startswith(got)


def test_a_missing_file_a_folder_and_an_impossible_path_are_refused(tmp_path):
    for path, got in [
        (tmp_path / "none.toml", "no such file"),
        (tmp_path, "Is a directory"),
        ("a\0b", "embedded null byte"),
    ]:
        with pytest.raises(InputError) as raised:
            read_toml(path)
        assert raised.value.problems[0].got == got


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("biases = [" + "0," * 300_001 + "]", "got 300,001 values, expected at most"),
        ("".join(f"a{k}=0\n" for k in range(300_001)), "got 300,001 values, expected at most"),
        ("# " + "x" * 2**23, "got more than 8,388,608 bytes, expected at most"),
    ],
    ids=["numbers", "keys", "bytes"],
)
def test_sizes_are_looked_at_before_anything_is_parsed(tmp_path, monkeypatch, content, says):
    monkeypatch.setattr(tomllib, "loads", None)
    path = tmp_path / "large.toml"
    path.write_text(content)
    with pytest.raises(InputError) as caught:
        read_toml(path)
    assert str(caught.value).startswith(f"{path}: {says}")
    assert "HDF5" in str(caught.value)


def test_settings_are_saved_and_read(tmp_path):
    value = Outer(0.1, 3, True, "a", (1.0, 1e-300), Inner(2.0), maybe=Inner(0.1, "y"))
    save_settings(tmp_path / "run.toml", value)
    assert load_settings(tmp_path / "run.toml", Outer) == value


@pytest.mark.parametrize(
    ("name", "kind", "problems"),
    [
        ("inner.toml", Outer, ["inner.toml: tau_ns", "inner.toml: number", "inner.toml: inner"]),
        ("inner.txt", Inner, ["inner.txt"]),
        ("nothing.toml", Inner, ["nothing.toml"]),
        ("inner.toml", dict, ["kind"]),
        ("inner.toml", Inner(1.0), ["kind"]),
        ("inner.toml", None, ["kind"]),
        ("inner.toml", "Inner", ["kind"]),
    ],
)
def test_settings_of_another_kind_are_refused(name, kind, problems, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "inner.toml").write_text("tau_ns = 1.0")
    with pytest.raises(InputError) as raised:
        load_settings(name, kind)
    assert set(problems) <= {problem.where for problem in raised.value.problems}


@validated
class Defaults:
    tau_ns: float = 1.0


@pytest.mark.parametrize("content", ["", "\n \n", "# nothing but a remark\n"])
@pytest.mark.parametrize("name", ["a.toml", "a.csv"])
def test_files_without_keys_are_refused(name, content, tmp_path):
    """Also where every key has a default: such a file is hardly one of this kind."""
    (tmp_path / name).write_text(content)
    with pytest.raises(InputError, match="without any keys, expected at least one of: tau_ns"):
        load(tmp_path / name, Defaults)
    with pytest.raises(InputError, match="tau_ns: got nothing, expected a value"):
        load(tmp_path / name, Inner)
