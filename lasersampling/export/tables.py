"""Groups of a results file as tables: a row for each entry, a column for each variable."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lasersampling.labelled import Variable, Variables
from lasersampling.results.contents import Results

_ROWS = 1 << 17
"""Rows that are held at a time."""


@dataclass(frozen=True, eq=False)
class Table:
    """Variables of a group along the same dimensions.

    Attributes
    ----------
    name : str
        Name of the group; of several tables in a group, each has its dimensions added.
    dims : tuple of str
        Dimensions, of which the last one changes fastest from row to row.
    sizes : tuple of int
        Their lengths.
    columns : mapping of str to Variable
        Variables along all or some of these dimensions. Dimensions without a coordinate are
        numbered from 0.
    """

    name: str
    dims: tuple[str, ...]
    sizes: tuple[int, ...]
    columns: Mapping[str, Variable]

    @property
    def n_rows(self) -> int:
        """Number of rows."""
        return int(np.prod(self.sizes, dtype=np.int64))

    def chunks(self, n_rows: int = _ROWS) -> Iterator[pd.DataFrame]:
        """Give the rows in order, some at a time.

        Parameters
        ----------
        n_rows : int
            Most rows at a time.

        Yields
        ------
        pandas.DataFrame
            At least once, since an empty table has columns too.
        """
        for start in range(0, max(self.n_rows, 1), n_rows):
            rows = np.arange(start, min(start + n_rows, self.n_rows))
            # Rows of an empty table have no places, nor has the row of single numbers.
            has_places = self.n_rows and self.dims
            places = np.unravel_index(rows, self.sizes) if has_places else [rows] * len(self.dims)
            place = dict(zip(self.dims, places, strict=True))
            yield pd.DataFrame(
                {name: _entries(column, place, len(rows)) for name, column in self.columns.items()}
            )


def tables_of(results: Results, group: str) -> list[Table]:
    """Put the variables of a group into tables.

    Variables along some dimensions of others stand in their table, with the same value in several
    rows; single numbers, in every table.

    Parameters
    ----------
    results : Results
        A results file with this group loaded.
    group : str
        The group. ``spikes`` gets a column `chain` in place of `chain_offset`.

    Raises
    ------
    InputError
        If there is no such group, or its spikes are damaged.
    """
    held = _spikes(results) if group == "spikes" else results.group(group)
    names = table_names(group, {name: variable.dims for name, variable in held.items()})
    return [_table(name, dims, held) for name, dims in names.items()]


def table_names(group: str, dims_of: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Return the names of the tables of a group, and the dimensions of their rows.

    Parameters
    ----------
    group : str
        The group.
    dims_of : mapping of str to tuple of str
        Dimensions of its variables.

    Examples
    --------
    >>> table_names("history", {"epoch": ("epoch",), "loss": ("epoch", "member")})
    {'history': ('epoch', 'member')}
    """
    shapes = set(dims_of.values())
    largest = [
        dims
        for dims in sorted(shapes, key=lambda dims: (-len(dims), dims))
        if not any(set(dims) < set(other) for other in shapes)
    ]
    # The same dimensions in another order are the same rows.
    unique = {frozenset(dims): dims for dims in reversed(largest)}.values()
    return {group if len(unique) == 1 else f"{group}_{'_'.join(dims)}": dims for dims in unique}


def dims_in(results: Results, group: str) -> dict[str, tuple[str, ...]]:
    """Return the dimensions of the variables of a group, loaded or not, as `tables_of` has them.

    Parameters
    ----------
    results : Results
        A results file.
    group : str
        The group.
    """
    found = {
        name.rpartition("/")[2]: entry.dims
        for name, entry in results.contents.items()
        if name.rpartition("/")[0] == group
    }
    if group == "spikes" and "time" in found:
        found |= {"chain": found["time"]}
        found.pop("chain_offset", None)
    return found


def _table(name: str, dims: tuple[str, ...], held: Variables) -> Table:
    inside = {key: v for key, v in held.items() if set(v.dims) <= set(dims)}
    sizes = {
        dim: size for v in inside.values() for dim, size in zip(v.dims, v.data.shape, strict=True)
    }
    numbers = {
        dim: Variable(np.arange(sizes[dim]), (dim,), "1", f"number of {dim}")
        for dim in dims
        if dim not in inside
    }
    first = {dim: numbers.get(dim) or inside[dim] for dim in dims}
    return Table(name, dims, tuple(sizes[dim] for dim in dims), {**first, **inside})


def _entries(column: Variable, place: Mapping[str, NDArray[Any]], n_rows: int) -> NDArray[Any]:
    data = np.asarray(column.data)
    if not column.dims:
        return np.full(n_rows, data[()])
    entries: NDArray[Any] = data[tuple(place[dim] for dim in column.dims)]
    return entries


def _spikes(results: Results) -> dict[str, Variable]:
    """Give spikes with the chain of each."""
    held = dict(results.group("spikes"))
    trains = results.spikes()
    del held["chain_offset"]
    chain = np.repeat(np.arange(len(trains.chain_offset) - 1), np.diff(trains.chain_offset))
    dims = held["time"].dims
    return {"chain": Variable(chain, dims, "1", "number of the chain"), **held}
