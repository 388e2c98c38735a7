import numpy as np
import pytest

from lasersampling.errors import InputError
from lasersampling.sampling.evidence import Evidence, log_odds_of, read_evidence

NAMES = ("burglary", "alarm", "call")


@pytest.fixture
def write(tmp_path):
    def write(text):
        path = tmp_path / "evidence.csv"
        path.write_text(text)
        return path

    return write


def test_cases_are_rows_and_empty_cells_are_free(write):
    evidence = read_evidence(write("call,burglary\n1,\n0.8,1\n,\n"), NAMES)
    assert evidence.clamped.tolist() == [[-1, -1, 1], [1, -1, -1], [-1, -1, -1]]
    np.testing.assert_allclose(evidence.log_odds[1], [0, 0, np.log(4)])
    assert not evidence.log_odds[[0, 2]].any()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("thief\n1\n", "line 1: got 'thief', expected one of burglary, alarm, call"),
        ("call,call\n1,1\n", "line 1: got the column 'call' twice"),
        ("call\nyes\n", "line 2, column 'call': got 'yes'"),
        ("call\n2\n", "line 2, column 'call': got '2'"),
        ("call\nnan\n", "line 2, column 'call': got 'nan'"),
        ("burglary,alarm,call\n1,1,0\n", "line 2: got all units clamped"),
        ("call\n", "got a header alone, expected a row for each case"),
        ("call,alarm\n1\n", "line 2: got 1 columns, expected 2"),
        ("", "line 1: got an empty file"),
    ],
)
def test_bad_files(write, text, message):
    with pytest.raises(InputError) as error:
        read_evidence(write(text), NAMES)
    assert message in str(error.value)


def test_missing_file(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_evidence(tmp_path / "none.csv", NAMES)


def test_bad_evidence_is_refused_with_all_problems():
    with pytest.raises(InputError, match="unit 3, expected units 0 to 2"):
        Evidence.single(3, {3: 1})
    with pytest.raises(InputError, match=r"soft evidence of unit 0: got 1\.0"):
        Evidence.single(3, {}, {0: 1.0})
    with pytest.raises(InputError, match="case 0, unit 1: got hard and soft"):
        Evidence.single(3, {1: 0}, {1: 0.3})
    with pytest.raises(InputError, match="case 0: got all units clamped"):
        Evidence.single(2, {0: 1, 1: 1})
    with pytest.raises(InputError, match="clamped: got other values"):
        Evidence(np.array([[2, -1]]), np.zeros((1, 2)))
    with pytest.raises(InputError, match="log_odds: got infinite"):
        Evidence(np.array([[-1, -1]]), np.array([[np.inf, 0]]))
    with pytest.raises(InputError, match="shape"):
        Evidence(np.zeros((1, 2), dtype=np.int8), np.zeros((2, 2)))


def test_even_odds_say_nothing():
    assert log_odds_of(0.5) == 0
    assert log_odds_of(0.8) == pytest.approx(np.log(4))
