import numpy as np
import pytest

from lasersampling.cli.evidence import clamped_units
from lasersampling.errors import InputError

NUMBERS = ("0", "1", "2")


def test_clamped_units_by_number_and_by_name():
    np.testing.assert_array_equal(clamped_units("", NUMBERS), [-1, -1, -1])
    np.testing.assert_array_equal(clamped_units(" 2=1,0 = 0", NUMBERS), [0, -1, 1])
    np.testing.assert_array_equal(clamped_units("b=0,0=1", ("a", "b", "c")), [1, 0, -1])
    # A name wins: of units called 1, 2 and 10, "2" is the second.
    np.testing.assert_array_equal(clamped_units("2=1", ("1", "2", "10")), [-1, 1, -1])
    np.testing.assert_array_equal(clamped_units("a=b=1", ("a=b", "c")), [1, -1])
    with pytest.raises(InputError, match="unit 'rian', expected one of the names, such as rain"):
        clamped_units("rian=1", ("rain", "sun"))


def test_all_problems_are_told_at_once():
    with pytest.raises(InputError) as caught:
        clamped_units("1,0=2,0=1,7=1,2=nan", NUMBERS)
    told = [str(problem) for problem in caught.value.problems]
    for message in ("got '1'", "got unit '0' twice", "expected units 0 to 2", "got 0=2", "2=nan"):
        assert any(message in text for text in told)
    assert len(told) == 5
    with pytest.raises(InputError, match="all units"):
        clamped_units("0=0,1=0,2=0", NUMBERS)
