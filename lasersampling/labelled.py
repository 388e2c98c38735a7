"""Arrays that carry the names of their dimensions, a unit and a description, for files and xarray.

Results files and ``.to_xarray()`` use the same variables, so that names and units are the same in
both. xarray is imported only when it is needed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True, eq=False)
class Variable:
    """One array with the names of its dimensions, its unit and a description."""

    data: NDArray[Any]
    dims: tuple[str, ...]
    units: str
    description: str


Variables = Mapping[str, Variable]
"""Variables by name; one that is named like its only dimension is its coordinate."""


def numbered(dims: Mapping[str, int]) -> dict[str, Variable]:
    """Number the entries of dimensions from 0, as their coordinates.

    Parameters
    ----------
    dims : mapping of str to int
        Number of entries of each dimension.
    """
    return {
        dim: Variable(np.arange(size, dtype=np.int32), (dim,), "1", f"number of {dim}")
        for dim, size in dims.items()
    }


def as_dataset(
    variables: Variables,
    attributes: Mapping[str, Any] | None = None,
    *,
    coordinates: Iterable[str] = (),
) -> xr.Dataset:
    """Make an xarray dataset from variables, with `units` and `long_name` on each.

    Parameters
    ----------
    variables : mapping of str to Variable
        The variables by name.
    attributes : mapping, optional
        Attributes of the dataset; those that are None are left out.
    coordinates : iterable of str
        Variables that are coordinates, besides those that are named like their only dimension.

    Examples
    --------
    >>> time = Variable(np.array([0.0, 2.5]), ("time_ns",), "ns", "time after the burn-in")
    >>> light = Variable(np.array([3.0, 700.0]), ("time_ns",), "photons", "photon number S")
    >>> trace = as_dataset({"time_ns": time, "photons": light})
    >>> trace.photons.sel(time_ns=2.5).item(), trace.time_ns.attrs["units"]
    (700.0, 'ns')
    """
    import xarray as xr

    arrays = {
        name: (v.dims, np.asarray(v.data), {"units": v.units, "long_name": v.description})
        for name, v in variables.items()
    }
    known = {name: value for name, value in (attributes or {}).items() if value is not None}
    return xr.Dataset(arrays, attrs=known).set_coords(list(coordinates))
