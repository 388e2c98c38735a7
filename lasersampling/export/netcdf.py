"""A netCDF-4 file of some groups of a results file."""

from __future__ import annotations

import io

import h5netcdf
import h5py

from lasersampling.config import hdf5
from lasersampling.results.contents import Results


def netcdf(results: Results) -> bytes:
    """Give the loaded groups of a results file, and its figures of merit, as a netCDF-4 file.

    Parameters
    ----------
    results : Results
        A results file with the groups loaded that are to be written.
    """
    # In memory, since HDF5 crashes the process when the disk is full.
    stored = io.BytesIO()
    with h5netcdf.File(stored, "w") as file:
        for node in results.to_xarray().subtree:
            group = file if node.path == "/" else file.create_group(node.path)
            held = node.to_dataset(inherit=False)
            group.attrs.update(held.attrs)
            for dim, size in held.sizes.items():
                group.dimensions[dim] = size
            for name, variable in held.variables.items():
                text = variable.dtype.kind in "OU"
                kept = group.create_variable(
                    name, variable.dims, data=variable.values,
                    dtype=h5py.string_dtype() if text else variable.dtype,
                )  # fmt: skip
                kept.attrs.update(variable.attrs)
    return hdf5.sealed(stored.getvalue())
