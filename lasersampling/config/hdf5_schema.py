"""Version of the layout of HDF5 files of results, which all readers of our files look at."""

from __future__ import annotations

from typing import Any

import numpy as np

from lasersampling.config.hdf5 import Group

SCHEMA_VERSION = 1
"""Newest version, which is written."""

_NAME = "schema_version"


def check_schema(root: Group) -> None:
    """Refuse a file whose layout is of a newer version of the library.

    Files without a version, such as those of machines, and of other programs, are of none.

    Raises
    ------
    InputError
        If the file states a version that is not known here.
    """
    if _NAME not in root.h5py.attrs:
        return
    version: Any = np.asarray(root.attributes().get(_NAME))  # netCDF stores arrays of one
    if version.dtype.kind not in "iu" or version.size != 1:
        raise root.refusal(_NAME, repr(version.tolist())[:80], f"a number up to {SCHEMA_VERSION}")
    if not 1 <= version <= SCHEMA_VERSION:
        expected = f"at most {SCHEMA_VERSION}; a newer lasersampling is needed to read this file"
        raise root.refusal(_NAME, str(version.item()), expected)
