"""Images completed by lasers: the given part, how a completion forms, other completions."""

from __future__ import annotations

import os

from matplotlib.figure import Figure

from lasersampling.plots import completions, style
from lasersampling.results.reading import read_results

_MOST_COMPLETIONS = 3


def plot(path: str | os.PathLike[str]) -> Figure:
    """Plot a row for each image: the original, the given part, a completion over time, others.

    Parameters
    ----------
    path : path-like
        Results file with ``/completions`` as `judging.picture_records.write_completions` lays it
        out; a `headline` may be an attribute of the group. Unknown pixels of the given image are
        orange; in the picture of the uncertainty, black is a standard deviation of 1/2, where half
        of the completions differ.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    InputError
        If the file holds no completions.
    """
    results = read_results(path, groups=("completions",))
    held = {
        name: variable.data[: completions.MOST_ROWS]
        for name, variable in results.group("completions").items()
        if variable.dims[0] == "image"
    }
    times_ns = results.array("completions/shown_ns")
    columns: list[list[completions.Column]] = [
        [("seen", completions.with_unknown(held["given"], held["known"]))],
        [(f"{time:.3g} ns", held["series"][:, k]) for k, time in enumerate(times_ns)],
        [
            ("others" if k == 1 else "", held["completion"][:, k])
            for k in range(1, min(held["completion"].shape[1], _MOST_COMPLETIONS + 1))
        ],
        [("mean", held["mean"]), ("spread", held["uncertainty"] / completions.LARGEST_SPREAD)],
    ]
    if "original" in held:
        columns[0].insert(0, ("original", held["original"]))
    headline = results.attributes["completions"].get("headline")
    with style.style():
        return completions.draw(columns, headline)
