"""Record of a training, epoch by epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lasersampling.errors import InputError
from lasersampling.labelled import Variable, as_dataset

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MOST_PANELS = 6


@dataclass
class History:
    """Recorded quantities, with a row for each epoch.

    Attributes
    ----------
    rows : dict of str to list of ndarray, each of shape () or (member,)
        Rows by quantity; those measured with a standard error have another row ``<name>_se``, nan
        where the error is unknown. Epochs in which a quantity was not measured hold nan.
    """

    rows: dict[str, list[NDArray[np.float64]]] = field(default_factory=dict)

    @property
    def n_epochs(self) -> int:
        """Number of recorded epochs."""
        return max((len(row) for row in self.rows.values()), default=0)

    def add(self, values: dict[str, NDArray[np.float64]]) -> None:
        """Add an epoch."""
        n_before = self.n_epochs
        for name, value in values.items():
            missing = [np.full_like(value, np.nan)] * n_before
            self.rows.setdefault(name, missing).append(np.asarray(value, dtype=np.float64))
        for row in self.rows.values():
            if len(row) == n_before:
                row.append(np.full_like(row[-1], np.nan))

    def arrays(self) -> dict[str, NDArray[np.float64]]:
        """Return the rows as arrays, shape (epoch,) or (epoch, member)."""
        return {name: np.stack(row) for name, row in self.rows.items()}

    def variables(self) -> dict[str, Variable]:
        """Give the rows as stored in files, with the epochs."""
        epochs = np.arange(1, self.n_epochs + 1)
        found = {"epoch": Variable(epochs, ("epoch",), "1", "epochs done")}
        for name, values in self.arrays().items():
            dims = ("epoch", "member")[: values.ndim]
            units = "s" if name.endswith("_s") else "1"
            found[name] = Variable(values, dims, units, _spoken(name))
        return found

    def to_xarray(self) -> xr.Dataset:
        """Give the record over `epoch` and, for several networks, `member`."""
        return as_dataset(self.variables())

    def plot(self, *quantities: str, axes: Axes | None = None) -> Figure:
        """Draw quantities over the epochs, with standard errors or the quartiles of networks.

        Parameters
        ----------
        *quantities : str
            Names of quantities, each in a panel of its own; by default the first six without rates
            and times.
        axes : matplotlib axes, optional
            Axes for the first of them; those of a new figure by default.

        Returns
        -------
        matplotlib.figure.Figure

        Raises
        ------
        InputError
            If there is no such quantity, or nothing was recorded.
        """
        from lasersampling.plots import history, style

        recorded = self.arrays()
        told = [
            name
            for name in recorded
            if not name.endswith(("_se", "_s")) and not name.startswith("learning_rate")
        ]
        chosen = list(quantities) or told[:_MOST_PANELS]
        missing = [name for name in chosen if name not in recorded]
        if missing or not chosen:
            got = ", ".join(map(repr, missing)) or "an empty history"
            raise InputError.single("quantities", got, f"some of {', '.join(recorded) or 'none'}")
        epochs = np.arange(1, self.n_epochs + 1)

        def draw(panel: Axes, name: str) -> None:
            history.draw(panel, name, epochs, recorded[name], recorded.get(f"{name}_se"))

        if axes is not None:
            draw(axes, chosen[0])
            return style.figure_of(axes)
        n_rows = math.ceil(len(chosen) / 2)
        with style.style():
            figure = style.new_figure(0.6 + 3.4 * n_rows)
            panels = figure.subplots(n_rows, min(len(chosen), 2), squeeze=False).ravel()
            for panel, name in zip(panels, chosen, strict=False):
                draw(panel, name)
            for panel in panels[len(chosen) :]:
                panel.remove()
            members = max(recorded[name].size for name in chosen) // self.n_epochs
            if members > 1:
                style.headline(figure, history.members_shown(members))
        return figure


def _spoken(name: str) -> str:
    words = name.removesuffix("_se").removesuffix("_s").replace("_", " ")
    return f"standard error of {words}, nan where unknown" if name.endswith("_se") else words
