import numpy as np
import pytest

from lasersampling.datasets.labels import class_numbers, number_of_name
from lasersampling.errors import InputError


@pytest.mark.parametrize(
    ("labels", "numbers", "names"),
    [
        ([3, 1, 3], [1, 0, 1], ("1", "3")),
        (np.array([10, 9, 10], dtype=np.uint8), [1, 0, 1], ("9", "10")),
        ([2.0, 10.0, 1.0], [1, 2, 0], ("1", "2", "10")),
        (["10", "2", " 2 "], [1, 0, 0], ("2", "10")),
        ([b"b", b"a", b"b"], [1, 0, 1], ("a", "b")),
        ([True, False, True], [1, 0, 1], ("0", "1")),
    ],
)
def test_labels_of_any_kind_are_numbered_in_natural_order(labels, numbers, names):
    found, named = class_numbers(labels, 3, "labels")
    assert (found.tolist(), named) == (numbers, names)


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ([0, 1], r"got shape \(2,\), expected \(3,\)"),
        ([[0], [1], [2]], r"got shape \(3, 1\)"),
        ([0, 1, -1], "got 1 of 3 that are none, such as -1"),
        ([0, np.nan, 1], "such as nan"),
        ([0, np.inf, 1], "such as inf"),
        ([0, 1.5, 0.5], "got 2 of 3 that are none, such as 1.5"),
        (["a", "", " "], "got 2 without text"),
        ([0, None, 1], "NoneType|None"),
        ([1j, 0, 1], "complex"),
        ([[0], [1, 2], 3], "lists of different length"),
    ],
)
def test_labels_that_name_no_class_are_refused(labels, message):
    with pytest.raises(InputError, match=message):
        class_numbers(labels, 3, "labels")


@pytest.mark.parametrize(
    ("name", "names", "place"),
    [
        ("2", ["0", "1", "2", "10"], 2),
        ("2", ["1", "2", "10"], 1),
        ("10", ["0", "1", "2", "10"], 3),
        ("1", ["cat", "dog"], 1),
        ("1", ["0", "dog"], 1),
        (" dog", ["cat", "dog"], 1),
    ],
)
def test_a_name_wins_over_a_number(name, names, place):
    assert number_of_name(name, names, "--label") == place


@pytest.mark.parametrize(
    ("name", "names", "message"),
    [
        ("3", ["0", "1", "2", "10"], "--label: got 3, expected one of 0, 1, 2, 10"),
        ("0", ["2", "cat"], "got 0, expected one of 2, cat"),
        ("dgo", ["cat", "dog"], "got 'dgo', expected one of the names, such as dog"),
        ("2", ["cat", "dog"], "got 2, expected one of cat, dog"),
        ("12", [str(k) for k in range(10)], "got 12, expected 0 to 9"),
        ("x", [str(k) for k in range(300)], "expected 0 to 299"),
        ("x", [f"n{k}" for k in range(15)], "and 3 more"),
    ],
)
def test_unknown_names_are_refused_with_near_ones(name, names, message):
    with pytest.raises(InputError, match=message):
        number_of_name(name, names, "--label")
