"""The rules for CSV files, as every reader of them follows."""

import numpy as np
import pandas as pd
import pytest

from lasersampling.boltzmann import csv_tables, read_target
from lasersampling.boltzmann.csv_tables import csv_rows
from lasersampling.errors import InputError
from lasersampling.sampling.evidence import read_evidence

NAMES = ("E1", "E2", "E3")


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "table.csv"
        path.write_bytes(text.encode("utf-8"))
        return path

    return write


def cases(path):
    return read_evidence(path, NAMES).clamped[:, :2].tolist()


ROWS = [[1, 0], [-1, 1], [-1, -1], [0, 1]]


@pytest.mark.parametrize(
    "text",
    [
        "E1,E2\n1,0\n,1\n,\n0,1\n",
        "\ufeffE1,E2\r\n1,0\r\n,1\r\n,\r\n0,1\r\n",
        "E1,E2\r1,0\r,1\r,\r0,1",
        '"E1","E2"\n"1","0"\n"","1"\n"",""\n"0","1"\n',
        '"E1", "E2"\n1, 0\n , 1\n,\n0, "1"\n',
        "E1,E2,\n1,0,\n,1,\n,,\n0,1,\n",
        "E1,E2\n1,0,\n,1,\n,,\n0,1,\n",
        "# measured\n\nE1,E2\n1,0\n# doubtful\n,1\n,\n0,1\n# end\n",
        "E1,E2\n1,0\n,1\n\n0,1\n",
        "E1,E2\n1,0\n,1\n   \n0,1\n\n\n",
        "E1,E2\n1.0,0.0\n,1.0\n,\n0.0,1.\n",
        "E1,E2\nTrue,False\n,true\n,\nFALSE,TRUE\n",
        "E1;E2\n1;0\n;1\n;\n0;1\n",
        "E1\tE2\r\n1\t0\r\n\t1\r\n\t\r\n0\t1\r\n",
        "\ufeffsep=;\r\nE1;E2\r\n1;0\r\n;1\r\n;\r\n0;1\r\n",
        "# measured\n\nE1; E2;\n1.0;0.0;\n;1;\n;;\n0;1;\n",
        '"E1";"E2"\n"1";"0"\n"";"1"\n"";""\n"0";"1"\n',
    ],
)
def test_evidence_as_other_programs_write_it(write, text):
    assert cases(write(text)) == ROWS


def test_commas_within_quotes_separate_nothing(write):
    target = read_target(write('"rain, today";"sun; later"\n0;1\n1;1\n'))
    assert target.unit_names == ("rain, today", "sun; later")
    assert read_target(write("sep=,\na;b,c\n0,1\n1,1\n")).unit_names == ("a;b", "c")


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("E1\n1\n\n0\n", [1, -1, 0]),
        ("E1\n\n1\n0\n", [-1, 1, 0]),
        ("E1\r\n\r\n\r\n0\r\n", [-1, -1, 0]),
        ('E1\n1\n""\n0\n', [1, -1, 0]),
        ("E1\n1\n\n", [1, -1]),
        ("E1,\n1,\n,\n0,\n", [1, -1, 0]),
    ],
)
def test_a_blank_line_of_one_column_is_a_case_without_evidence(write, text, first):
    assert read_evidence(write(text), NAMES).clamped[:, 0].tolist() == first


def test_problems_after_a_blank_line_have_the_line_of_the_file(write):
    with pytest.raises(InputError, match=r"table\.csv, line 6, column 'E1': got 'no'"):
        read_evidence(write("# c\nE1\n1\n\n# d\nno\n"), NAMES)


def test_frames_of_pandas_are_read(tmp_path):
    path = tmp_path / "frame.csv"
    frame = pd.DataFrame({"E1": [1, np.nan, np.nan, 0], "E2": [0, 1, np.nan, 1]})
    frame.to_csv(path, index=False)
    assert cases(path) == ROWS
    frame[["E1"]].to_csv(path, index=False)
    assert read_evidence(path, NAMES).clamped[:, 0].tolist() == [1, -1, -1, 0]
    frame.to_csv(path)
    with pytest.raises(InputError, match=r"line 1, column 1: got no name.*index=False"):
        read_evidence(path, NAMES)
    with pytest.raises(InputError, match=r"line 1, column 1: got no name.*index=False"):
        read_target(path)
    states = pd.DataFrame({"E1": [1.0, 1.0, 0.0], "E2": [0.0, 1.0, 0.0]})
    states.to_csv(path, index=False)
    assert read_target(path).unit_names == ("E1", "E2")
    np.testing.assert_allclose(read_target(path).probabilities, [1 / 3, 1 / 3, 0, 1 / 3])


@pytest.mark.parametrize("header", ["E1,E2", "e5,1e", "inf,nan", "E,e", "+,-", "x1,1x"])
def test_names_that_look_like_numbers_are_names(write, header):
    target = read_target(write(f"{header}\n0,1\n1,1\n"))
    assert target.unit_names == tuple(header.split(","))


@pytest.mark.parametrize("header", ["0,1", "1e5,2", "0.5,.5", "-1,1"])
def test_numbers_are_no_names(write, header):
    with pytest.raises(InputError, match="expected a header that names the columns"):
        read_target(write(f"{header}\n0,1\n1,1\n"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("E1,E2,E1\n1,0,1\n", "line 1: got the column 'E1' twice"),
        ("E1,,E2\n1,0,1\n", "line 1, column 2: got no name"),
        (
            "E1;E2\n1,0;0\n",
            "line 2: got '1,0', a decimal comma, expected numbers with a decimal point",
        ),
        ("E1\tE2\n1\t0,0\n", "line 2: got '0,0', a decimal comma, expected numbers with a decimal"),
        ('E1,E2\n"1,0",0\n', "line 2: got '1,0', a decimal comma, expected numbers with a decimal"),
        ("E1;E2\n1,0\n", "line 2: got 1 columns, expected 2"),
        ("E1;E2;E1\n1;0;1\n", "line 1: got the column 'E1' twice"),
        ("E1,E2\n1\n", "line 2: got 1 columns, expected 2"),
        ("E1,E2\n1,0,0\n", "line 2: got 3 columns, expected 2"),
        ("# nothing\n\n", "line 1: got an empty file"),
        ("E1,E2\n-1,1\n", "got '-1'"),
        ("E1,E2\n1_0,1\n", "got '1_0'"),
        ("E1,E2\n0x1,1\n", "got '0x1'"),
    ],
)
@pytest.mark.parametrize("read", [read_target, lambda path: read_evidence(path, NAMES)])
def test_malformed_tables_are_refused_with_their_place(write, read, text, says):
    with pytest.raises(InputError) as caught:
        read(write(text))
    assert "table.csv" in str(caught.value)
    assert says in str(caught.value)


def test_the_size_of_a_file_is_looked_at_first(write, monkeypatch):
    monkeypatch.setattr(csv_tables, "MAX_BYTES", 10)
    with pytest.raises(InputError, match=r"got 13 bytes, expected at most 10 bytes"):
        list(csv_rows(write("E1,E2\n1,0\n1,1")))


def test_spins_as_samples_are_told_the_way_out(write):
    with pytest.raises(InputError, match=r"\(s \+ 1\) / 2"):
        read_target(write("E1,E2\n1,1\n-1,1\n"))
