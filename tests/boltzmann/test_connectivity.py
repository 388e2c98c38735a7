import numpy as np
import pytest

from lasersampling.boltzmann import local_fields, random_fan_in
from lasersampling.errors import InputError


@pytest.mark.parametrize(
    ("shape", "n_hidden", "side"), [((8, 8), 60, 4), ((6, 10), 7, 3), ((5, 5), 1, 5)]
)
def test_fields_are_whole_patches_that_cover_the_image(shape, n_hidden, side):
    fields = local_fields(shape, n_hidden, side).reshape(n_hidden, *shape)
    for field in fields:
        rows, columns = np.flatnonzero(field.any(1)), np.flatnonzero(field.any(0))
        assert len(rows) == len(columns) == side
        assert np.ptp(rows) == np.ptp(columns) == side - 1
        assert field.sum() == side**2
    assert fields.any(axis=0).all() or n_hidden == 7  # seven patches of nine cannot cover sixty


def test_fan_in_is_exact_and_depends_on_the_seed():
    coupled = random_fan_in(20, 50, 6, seed=1)
    assert (coupled.sum(axis=1) == 6).all()
    assert coupled.any(axis=0).all()
    assert np.array_equal(coupled, random_fan_in(20, 50, 6, seed=1))
    assert not np.array_equal(coupled, random_fan_in(20, 50, 6, seed=2))


def test_bad_arguments():
    with pytest.raises(InputError, match="side: got 9, expected at most 8"):
        local_fields((8, 8), 3, 9)
    with pytest.raises(InputError, match="fan_in: got 7, expected at most 6"):
        random_fan_in(6, 3, 7, seed=0)
    with pytest.raises(InputError) as caught:
        random_fan_in(0, 0, 0, seed=-1)
    assert len(caught.value.problems) == 4
